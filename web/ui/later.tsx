'use client';
// What is heavy to draw waits until it is in sight and the browser has done what was to be done first.
// Its place is kept meanwhile.

import { useEffect, useRef, useState, type ReactNode } from 'react';

const AGAIN_MS = 2000;
const PATIENCE_MS = 2000; // a browser that never rests draws it all the same

function whenIdle(f: () => void): () => void {
  if (typeof requestIdleCallback === 'undefined') {
    const timer = setTimeout(f, 200);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(f, { timeout: PATIENCE_MS });
  return () => cancelIdleCallback(idle);
}

/** Loads a part of the dashboard; where nobody answers it asks again, and the page stands meanwhile. */
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((f) => setTimeout(f, AGAIN_MS));
    }
  }
}

export function Later({ height, children }: { height: string; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const [now, setNow] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    let forget = () => {};
    const sight = new IntersectionObserver((seen) => {
      if (!seen.some((e) => e.isIntersecting)) return;
      sight.disconnect();
      forget = whenIdle(() => setNow(true));
    }, { rootMargin: '200px' });
    sight.observe(place.current);
    return () => {
      sight.disconnect();
      forget();
    };
  }, []);
  return <div ref={place} className={height}>{now ? children : null}</div>;
}
