'use client';
// Who we are to the program: a token is given once and becomes a cookie that scripts cannot read; what
// changes something carries a CSRF token besides. The token itself is kept nowhere.

import { del, get, post, setCsrfToken } from './client';
import { useSyncExternalStore } from 'react';
import { reconnect } from './live';
import { OVERVIEW_ASKS } from './overview';
import { refresh } from './query';
import type { Session } from './types';


let session: Session | null = null;
const listeners = new Set<() => void>();

function remember(s: Session | null) {
  session = s;
  setCsrfToken(s?.csrf ?? null);
  listeners.forEach((f) => f());
}

/** Asks the program; null: it does not know us, or does not have sessions. */
export async function whoAmI(): Promise<Session | null> {
  try {
    remember((await get<Session>(OVERVIEW_ASKS.session)).data);
  } catch {
    remember(null);
  }
  return session;
}
export async function signIn(token: string): Promise<void> {
  remember((await post<Session>('/api/session', { token })).data);
  reconnect();
  refresh();
}
export async function signOut(): Promise<void> {
  await del('/api/session');
  await whoAmI();
  reconnect();
  refresh();
}
/** May who sits here give commands? */
export const mayTrade = (s: Session | null) => s?.role === 'trade' || s?.role === 'admin';

export function useSession(): Session | null {
  return useSyncExternalStore(
    (f) => {
      listeners.add(f);
      return () => listeners.delete(f);
    },
    () => session,
    () => null,
  );
}
