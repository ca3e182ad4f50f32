'use client';
// The state of the program, one query that every page shares; and the program's clock, which it sets.

import { useEffect } from 'react';
import { ms } from './format';
import { setProgramClock } from './now';
import { OVERVIEW_ASKS } from './overview';
import { useApi, type Query } from './query';
import type { RawStatus } from './types';

export type Status = RawStatus;

/** A trader that said nothing for so long is not to be relied on; it beats every few seconds. */
const SILENT_MS = 20_000;

const REPLAY_MS = 6 * 3_600_000;

const NETWORKS: Record<RawStatus['venue']['network'], string> = {
  paper: 'Paper',
  local: 'Simulated exchange',
  demo: 'Demo exchange',
  testnet: 'Test network',
};
export const networkName = (s: Status) => NETWORKS[s.venue.network] ?? s.venue.network;

export function traderState(s: Status): 'up' | 'silent' | 'down' | 'none' {
  if (!s.trader.last_beat_at) return 'none';
  if (!s.trader.running) return 'down';
  const beat = ms(s.trader.last_beat_at);
  const now = ms(s.now);
  return beat !== null && now !== null && now - beat > SILENT_MS ? 'silent' : 'up';
}

/** Limits that are used to 80 % and more, by their names. */
export function nearLimits(s: Status): string[] {
  const { drawdown_today: used, drawdown_limit: limit } = s.account;
  return limit > 0 && used >= 0.8 * limit ? ['Day’s loss'] : [];
}

export function useStatus(): Query<Status> {
  const q = useApi<RawStatus>(OVERVIEW_ASKS.status, { every: 5000, steady: true, on: ['mode', 'trade', 'equity', 'command', 'position', 'signal'] });
  useEffect(() => {
    const now = ms(q.data?.now), account = ms(q.data?.trader.at);
    // A replay lives in a time of its own, far from ours.
    const t = now !== null && account !== null && q.data?.trader.running && Math.abs(now - account) > REPLAY_MS ? account : now;
    if (t !== null && q.at) setProgramClock(t, q.at, t === account);
  }, [q.data, q.at]);
  return q;
}
