// The event stream (GET /api/events). The browser reconnects by itself and says which event it had
// last; where that fails for good (no such route, no access) we try again now and then, and the
// queries poll meanwhile. A `reload` means: too much was missed, ask for everything again.

export const EVENTS = [
  'post', 'signal', 'trade', 'order', 'position', 'equity', 'mode', 'source', 'command', 'alert', 'reload',
] as const;
export type EventName = (typeof EVENTS)[number];
export type LiveState = 'connecting' | 'live' | 'polling';
export type LiveEvent = { name: EventName; data: unknown; id: string };

let source: EventSource | null = null;
let state: LiveState = 'connecting';
let wanted = 0;
let retry: ReturnType<typeof setTimeout> | undefined;
let wait_ms = 1000;
const stateListeners = new Set<() => void>();
const eventListeners = new Set<(e: LiveEvent) => void>();

function setState(next: LiveState) {
  if (state === next) return;
  state = next;
  stateListeners.forEach((f) => f());
}

function emit(e: LiveEvent) {
  eventListeners.forEach((f) => f(e));
}

function open() {
  clearTimeout(retry);
  if (source || typeof EventSource === 'undefined') return;
  const es = new EventSource('/api/events');
  source = es;
  es.onopen = () => {
    const back = state === 'polling';
    wait_ms = 1000;
    setState('live');
    if (back) emit({ name: 'reload', data: null, id: '' });
  };
  es.onerror = () => {
    setState('polling');
    if (es.readyState !== EventSource.CLOSED) return; // the browser goes on by itself
    es.close();
    source = null;
    retry = setTimeout(open, wait_ms);
    wait_ms = Math.min(wait_ms * 2, 60_000);
  };
  for (const name of EVENTS) {
    es.addEventListener(name, (raw) => {
      const m = raw as MessageEvent<string>;
      let data: unknown = null;
      try {
        data = JSON.parse(m.data);
      } catch {
        // An event that cannot be read still says that something changed.
      }
      emit({ name, data, id: m.lastEventId });
    });
  }
}

function close() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

export function liveState(): LiveState {
  return state;
}
export function onLiveState(f: () => void) {
  stateListeners.add(f);
  return () => {
    stateListeners.delete(f);
  };
}
export function onEvent(f: (e: LiveEvent) => void) {
  eventListeners.add(f);
  return () => {
    eventListeners.delete(f);
  };
}
/** Holds the stream open as long as somebody wants it. */
export function keepLive() {
  if (wanted++ === 0) open();
  return () => {
    if (--wanted === 0) close();
  };
}
/** After signing in: at once, not when the next try is due. */
export function reconnect() {
  close();
  wait_ms = 1000;
  if (wanted > 0) open();
}
