'use client';
// What is held, as the exchange was last heard of; asked once for all that show it.

import { useMemo } from 'react';
import { OVERVIEW_ASKS } from './overview';
import { useApi, type Query } from './query';
import type { Page, Position } from './types';

export function usePositions(): Query<Page<'positions', Position>> {
  return useApi<Page<'positions', Position>>(OVERVIEW_ASKS.positions, { every: 5000, on: ['position', 'trade', 'order'] });
}

/** What open trades would come to if they were closed now, by the trades' ids. */
export function useOpenProfits(): ReadonlyMap<string, string> {
  const positions = usePositions().data?.positions;
  return useMemo(() => new Map((positions ?? []).flatMap((p) => (p.trade_id ? [[p.trade_id, p.unrealized_pnl] as const] : []))), [positions]);
}
