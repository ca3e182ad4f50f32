// One door to the API. Everything that leaves the page goes through request(): same origin only,
// with a deadline, problems (RFC 9457) as ApiError, the CSRF token on whatever changes something.

import { takeEarly } from './early';

export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: no answer at all
    readonly code: string,
    detail: string,
    readonly retryAfter?: number,
  ) {
    super(detail);
  }
}

export type Answer<T> = { data: T; at: number };

const DEADLINE_MS = 12_000;
const CSRF_KEY = 'bullfinch.csrf';
const reach = { lastOk: 0, lastFail: 0 };
const reachListeners = new Set<() => void>();

/** When the program last answered anything, and when it last did not. */
export function reachability() {
  return reach;
}
export function onReachability(f: () => void) {
  reachListeners.add(f);
  return () => {
    reachListeners.delete(f);
  };
}

export function csrfToken(): string | null {
  try {
    return sessionStorage.getItem(CSRF_KEY);
  } catch {
    return null;
  }
}
export function setCsrfToken(token: string | null) {
  try {
    if (token) sessionStorage.setItem(CSRF_KEY, token);
    else sessionStorage.removeItem(CSRF_KEY);
  } catch {
    // Without storage the token is asked for again with the next page.
  }
}

function note(ok: boolean) {
  if (ok) reach.lastOk = Date.now();
  else reach.lastFail = Date.now();
  reachListeners.forEach((f) => f());
}

async function problem(res: Response): Promise<ApiError> {
  const after = Number(res.headers.get('retry-after')) || undefined;
  let code = `HTTP_${res.status}`;
  let detail = res.status === 404 ? 'This bullfinch does not answer that yet.' : `The answer was ${res.status}.`;
  if (/json/.test(res.headers.get('content-type') ?? '')) {
    try {
      const p = (await res.json()) as { code?: string; detail?: string };
      code = p.code ?? code;
      detail = p.detail ?? detail;
    } catch {
      // The status says enough.
    }
  }
  return new ApiError(res.status, code, detail, after);
}

export async function request<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, deadline_ms = DEADLINE_MS) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), deadline_ms);
  try {
    const csrf = method === 'GET' ? null : csrfToken();
    const early = method === 'GET' ? await takeEarly(path) : null;
    const res = early?.res ?? await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(csrf ? { 'X-CSRF-Token': csrf } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: stop.signal,
      cache: 'no-store',
    });
    // A proxy says 502 or 504 where bullfinch itself is away; bullfinch never does.
    note(res.status !== 502 && res.status !== 504);
    // 503 of /health is an answer: it says what is not well. A problem has a type of its own.
    const answers = res.ok || (res.status === 503 && /^application\/json\b/.test(res.headers.get('content-type') ?? ''));
    if (!answers) throw await problem(res);
    const data = (res.status === 204 ? undefined : await res.json()) as T;
    return { data, at: early?.at ?? Date.now() } satisfies Answer<T>;
  } catch (e) {
    if (e instanceof ApiError) throw e;
    note(false);
    throw new ApiError(
      0,
      stop.signal.aborted ? 'TIMEOUT' : 'NO_ANSWER',
      stop.signal.aborted
        ? `No answer within ${deadline_ms / 1000} seconds.`
        : 'bullfinch does not answer. Is it running, and is this the right address?',
    );
  } finally {
    clearTimeout(timer);
  }
}

export const get = <T>(path: string, deadline_ms?: number) => request<T>('GET', path, undefined, {}, deadline_ms);

/** Changes something. The key makes a repetition harmless, so a lost answer can be asked for again. */
export const post = <T>(path: string, body: unknown = {}, key: string = crypto.randomUUID()) =>
  request<T>('POST', path, body, { 'Idempotency-Key': key });
export const del = <T>(path: string) => request<T>('DELETE', path);
