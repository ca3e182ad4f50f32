'use client';
// The state of the program, one query that every page shares; and the program's clock, which it sets.

import { useEffect, useMemo } from 'react';
import { ms } from './format';
import { setProgramClock } from './now';
import { useApi, type Query } from './query';
import type { Mode } from './types';

/** As the API answers. */
export type RawStatus = Record<string, unknown>;

export type Status = {
  mode: Mode;
  before: Mode | null;
  reason: string;
  actor: string;
  since: string | null;
  until: string | null;
  network: string;
  quote: string;
  trader: 'up' | 'silent' | 'none';
  equity: string | null;
  cash: string | null;
  drawdown: number | null;
  pnl_today: string | null;
  pnl_total: string | null;
  fees: string | null;
  start: string | null;
  posts: number | null;
  posts_today: number | null;
  signals_today: number | null;
  trades_today: number | null;
  open_positions: number | null;
  waiting: number;
  dead_letters: number;
  last_post_at: string | null;
  last_trade_at: string | null;
  near: string[];
  version: string | null;
  threshold: number | null;
};

const NETWORKS: Record<string, string> = {
  paper: 'Paper',
  binance_spot_testnet: 'Spot test network',
  binance_usdm_testnet: 'Futures test network',
};

const obj = (v: unknown) => (v && typeof v === 'object' ? (v as Record<string, unknown>) : {});
const str = (v: unknown) => (typeof v === 'string' ? v : null);
const num = (v: unknown) => (typeof v === 'number' ? v : typeof v === 'string' && v !== '' ? Number(v) : null);

export function readStatus(raw: RawStatus): Status {
  const control = obj(raw.mode);
  const venue = obj(raw.venue);
  const kind = str(venue.kind) ?? str(raw.venue) ?? '';
  return {
    mode: (str(control.mode) ?? str(raw.mode) ?? 'auto') as Mode,
    before: (str(control.before) as Mode | null) ?? null,
    reason: str(control.reason) ?? str(raw.reason) ?? '',
    actor: str(control.actor) ?? str(raw.actor) ?? '',
    since: str(control.since) ?? str(raw.since),
    until: str(control.until) ?? str(raw.until),
    network: NETWORKS[kind] ?? (kind || 'Paper'),
    quote: str(raw.quote) ?? 'USDT',
    trader: 'up',
    equity: str(raw.equity),
    cash: str(raw.cash),
    drawdown: num(raw.drawdown),
    pnl_today: str(raw.pnl_today),
    pnl_total: str(raw.pnl_total),
    fees: str(raw.fees),
    start: str(raw.start),
    posts: num(raw.posts),
    posts_today: num(raw.posts_today),
    signals_today: num(raw.signals_today),
    trades_today: num(raw.trades_today),
    open_positions: num(raw.open_positions),
    waiting: num(raw.waiting) ?? 0,
    dead_letters: num(raw.dead_letters) ?? 0,
    last_post_at: str(raw.last_post_at),
    last_trade_at: str(raw.last_trade_at),
    near: [],
    version: str(raw.version),
    threshold: num(raw.threshold),
  };
}

export function useStatus(): Query<Status> {
  const q = useApi<RawStatus>('/api/status', { every: 5000, on: ['mode', 'trade', 'equity', 'command', 'position'] });
  const data = useMemo(() => (q.data ? readStatus(q.data) : undefined), [q.data]);
  useEffect(() => {
    const t = ms(str(q.data?.now) ?? str(q.data?.at));
    if (t !== null && q.at) setProgramClock(t, q.at);
  }, [q.data, q.at]);
  return { ...q, data };
}
