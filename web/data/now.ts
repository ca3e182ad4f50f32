'use client';
// The time that relative times are told by. A replay runs in a time of its own (May 2021, at sixty
// times its speed); the program says what it takes for now, and we go on from there.

import { useSyncExternalStore } from 'react';

let tick = Date.now();
let offset_ms = 0;
let anchor_ms = 0;
let speed = 1;
let known = false; // has the program said what time it is?
const opened = Date.now();
const WAIT_MS = 4000;
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(f: () => void) {
  listeners.add(f);
  if (!timer)
    timer = setInterval(() => {
      if (document.hidden) return;
      tick = Date.now();
      listeners.forEach((g) => g());
    }, 1000);
  return () => {
    listeners.delete(f);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The program's clock, as it was when an answer came at `at` (this browser's clock). A replay's runs
 * faster than ours: how much, two answers tell. */
export function setProgramClock(program_ms: number, at: number, replay = false) {
  if (at === anchor_ms) return;
  const passed = at - anchor_ms;
  const ran = program_ms - (anchor_ms + offset_ms);
  speed = replay && anchor_ms > 0 && passed > 500 && ran >= 0 && Math.abs(ran) < 86_400_000 ? ran / passed : 1;
  offset_ms = program_ms - at;
  anchor_ms = at;
  known = true;
  tick = Math.max(at, Date.now());
  listeners.forEach((f) => f());
}
/** What the program's clock shows when the browser's shows t. */
export function programTime(t: number): number {
  return t + offset_ms + (anchor_ms ? (t - anchor_ms) * (speed - 1) : 0);
}
/** This browser's clock, once a second. */
export function useTick(): number {
  return useSyncExternalStore(subscribe, () => tick, () => 0);
}
/** The program's clock, once a second. 0 before it is known; where it is not told, ours. */
export function useProgramNow(): number {
  const t = useTick();
  return t === 0 || (!known && t - opened < WAIT_MS) ? 0 : programTime(t);
}
