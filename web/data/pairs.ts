'use client';
// What people call a coin (BTC, $doge) and what the exchange calls the pair (BTCUSDT).

import { useCallback } from 'react';
import { useApi } from './query';
import type { SymbolList } from './types';

const nameOf = (typed: string) => typed.trim().replace(/^[$#]/, '').toUpperCase();

export function useListed(): SymbolList['symbols'] | undefined {
  return useApi<SymbolList>('/api/symbols', { every: 600_000 }).data?.symbols;
}

/** The pair that is meant; what is none that is known stays as it was typed, in capitals. */
export function usePair(): (typed: string) => string {
  const symbols = useListed();
  return useCallback((typed: string) => {
    const name = nameOf(typed);
    if (!name || symbols?.some((s) => s.symbol === name)) return name;
    return symbols?.find((s) => s.base === name)?.symbol ?? name;
  }, [symbols]);
}

/** Is it the name of no coin and of no pair? Not said before the list has come. */
export function useUnlisted(typed: string): boolean {
  const symbols = useListed();
  const name = nameOf(typed);
  return name !== '' && !!symbols?.length && !symbols.some((s) => s.symbol === name || s.base === name);
}
