'use client';
// What people call a coin (BTC, $doge) and what the exchange calls the pair (BTCUSDT).

import { useCallback } from 'react';
import { useApi } from './query';
import type { SymbolList } from './types';

/** The pair that is meant; what is none that is known stays as it was typed, in capitals. */
export function usePair(): (typed: string) => string {
  const symbols = useApi<SymbolList>('/api/symbols', { every: 600_000 }).data?.symbols;
  return useCallback((typed: string) => {
    const name = typed.trim().replace(/^[$#]/, '').toUpperCase();
    if (!name || symbols?.some((s) => s.symbol === name)) return name;
    return symbols?.find((s) => s.base === name)?.symbol ?? name;
  }, [symbols]);
}
