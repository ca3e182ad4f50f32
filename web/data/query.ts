'use client';
// Queries: one entry a path, shared by everything on the page that shows it. Each knows when its
// answer came; who shows a number shows its age when it is too old (Entry.stale).
//
// Polled each `every` ms; while events stream in, a named event asks at once (at most once in `pace` ms)
// and the poll is a safety net at a third of its rate. A hidden page asks nothing; coming back asks
// for everything that is shown, and so does a stream that breaks: whoever sent it may be gone.

import { useCallback, useEffect, useSyncExternalStore } from 'react';
import { ApiError, get } from './client';
import { type EventName, liveState, onEvent, onLiveState } from './live';

export type Entry<T> = {
  data?: T;
  at?: number; // when the answer came, ms of this browser's clock
  error?: ApiError; // of the last try; data may still be the one before
  loading: boolean;
};
export type Query<T> = Entry<T> & { path: string | null; every: number; steady: boolean; reload: () => void };
/** steady: asked each `every` ms also while events stream in, and an answer has to come within that. */
type Options = { every?: number; on?: readonly EventName[]; pace?: number; steady?: boolean };
type Slot = {
  entry: Entry<unknown>;
  listeners: Set<() => void>;
  timer?: ReturnType<typeof setTimeout>;
  every: number;
  steady: boolean;
  pace: number; // at least so long between two questions that events lead to, ms
  on: Set<EventName>;
  asked: number;
  flying: boolean;
  again: boolean;
};

const EVENT_GAP_MS = 1000;
const slots = new Map<string, Slot>();
const NOTHING: Entry<never> = { loading: true };
let watching = false;
let unauthorized: (() => void) | null = null;

/** What happens when an answer is 401: the shell leads to the sign-in. */
export function onUnauthorized(f: () => void) {
  unauthorized = f;
}

function slotOf(path: string): Slot {
  let s = slots.get(path);
  if (!s) {
    s = { entry: NOTHING, listeners: new Set(), every: 10_000, steady: false, pace: EVENT_GAP_MS, on: new Set(), asked: 0, flying: false, again: false };
    slots.set(path, s);
  }
  return s;
}

/** `next`, with the parts that are as they were being the very same objects, so that what shows them is
 * not drawn anew. */
function keepSame(before: unknown, next: unknown): unknown {
  if (before === next || typeof before !== 'object' || typeof next !== 'object' || !before || !next) return next;
  if (Array.isArray(before) !== Array.isArray(next)) return next;
  const old = before as Record<string, unknown>, now = next as Record<string, unknown>;
  const keys = Object.keys(now);
  let same = keys.length === Object.keys(old).length;
  // Rows move as others come before them: by their ids they are found again.
  const byId = Array.isArray(before) ? new Map(before.map((r: { id?: unknown } | null) => [r?.id, r])) : null;
  for (const k of keys) {
    const id = byId && (now[k] as { id?: unknown } | null)?.id;
    now[k] = keepSame(id !== undefined && byId?.has(id) ? byId.get(id) : old[k], now[k]);
    same &&= now[k] === old[k];
  }
  return same ? before : next;
}

function publish(s: Slot, entry: Entry<unknown>) {
  s.entry = entry;
  s.listeners.forEach((f) => f());
}

function schedule(path: string, s: Slot, ms: number) {
  clearTimeout(s.timer);
  if (s.listeners.size > 0) s.timer = setTimeout(() => void ask(path, s), ms);
}

/** How long until it is asked again by itself. */
const pollOf = (q: { every: number; steady: boolean }) => q.every * (liveState() === 'live' && !q.steady ? 3 : 1);

async function ask(path: string, s: Slot) {
  clearTimeout(s.timer);
  if (s.flying) {
    s.again = true;
    return;
  }
  if (document.hidden && s.entry.at) return; // asked again when the page is seen
  s.flying = true;
  s.asked = Date.now();
  let next_ms = pollOf(s);
  try {
    const a = await get<unknown>(path, s.steady ? s.every : undefined);
    publish(s, { data: keepSame(s.entry.data, a.data), at: a.at, loading: false });
  } catch (e) {
    const error = e instanceof ApiError ? e : new ApiError(0, 'BROKEN', String(e));
    publish(s, { ...s.entry, error, loading: false });
    if (error.status === 401) unauthorized?.();
    if (error.retryAfter) next_ms = Math.max(next_ms, error.retryAfter * 1000);
    if (error.status === 404 || error.status === 401 || error.status === 403) next_ms = Math.max(next_ms, 30_000);
  }
  s.flying = false;
  const again = s.again;
  s.again = false;
  schedule(path, s, again ? s.pace : next_ms);
}

function askSoon(path: string, s: Slot) {
  const gap = Math.max(0, s.asked + s.pace - Date.now());
  if (s.flying) s.again = true;
  else schedule(path, s, gap);
}

function watch() {
  if (watching) return;
  watching = true;
  onEvent((e) => {
    for (const [path, s] of slots)
      if (s.listeners.size > 0 && (e.name === 'reload' || s.on.has(e.name))) askSoon(path, s);
  });
  const askAll = () => {
    for (const [path, s] of slots) if (s.listeners.size > 0) askSoon(path, s);
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) askAll();
  });
  onLiveState(() => {
    if (liveState() === 'polling') askAll();
  });
}

/** Asks again for every shown path that begins so; after a command was given. */
export function refresh(...prefixes: string[]) {
  for (const [path, s] of slots)
    if (s.listeners.size > 0 && (prefixes.length === 0 || prefixes.some((p) => path.startsWith(p)))) void ask(path, s);
}

export function useApi<T>(path: string | null, { every = 10_000, on, pace = EVENT_GAP_MS, steady = false }: Options = {}): Query<T> {
  const events = on?.join() ?? '';
  const subscribe = useCallback(
    (f: () => void) => {
      if (!path) return () => undefined;
      const s = slotOf(path);
      s.listeners.add(f);
      s.every = every;
      s.pace = pace;
      s.steady = steady;
      for (const name of events.split(',')) if (name) s.on.add(name as EventName);
      return () => {
        s.listeners.delete(f);
        if (s.listeners.size === 0) clearTimeout(s.timer);
      };
    },
    [path, every, events, pace, steady],
  );
  const read = useCallback(() => (path ? slotOf(path).entry : NOTHING) as Entry<T>, [path]);
  const entry = useSyncExternalStore(subscribe, read, () => NOTHING as Entry<T>);
  useEffect(() => {
    if (!path) return;
    watch();
    const s = slotOf(path);
    if (!s.entry.at || Date.now() - s.entry.at > 1000) void ask(path, s);
    else schedule(path, s, every);
  }, [path, every]);
  const reload = useCallback(() => {
    if (path) void ask(path, slotOf(path));
  }, [path]);
  return { ...entry, path, every, steady, reload };
}

/** Older than three polls (and never before ten seconds): not to be taken for the present. */
export function isStale(q: { at?: number; every: number; steady: boolean }, now_ms: number): boolean {
  return q.at !== undefined && now_ms - q.at > Math.max(10_000, pollOf(q) * 2.5);
}
