'use client';
// Lists that go on: the newest page is a live query, older pages are fetched when asked for and kept.
// A row that moved from the live page to an older one is shown once.

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, get } from './client';
import { useApi, type Query } from './query';
import type { EventName } from './live';
import type { Page } from './types';

export type Pages<T> = {
  q: Query<unknown>;
  rows: T[];
  more: (() => void) | null; // null: that is all
  loadingMore: boolean;
  moreError: string | null;
};

const idOf = (row: object) => ('id' in row ? String(row.id) : '');

/** `id` tells rows apart where they have no member of this name; a function that stays the same. */
export function usePages<K extends string, T extends object>(
  path: string, member: K, opts: { every?: number; on?: readonly EventName[]; id?: (row: T) => string } = {},
): Pages<T> {
  const id: (row: T) => string = opts.id ?? idOf;
  const q = useApi<Page<K, T>>(path, opts);
  const [older, setOlder] = useState<T[]>([]);
  const [next, setNext] = useState<string | null | undefined>(undefined); // undefined: as the live page says
  const [loadingMore, setLoading] = useState(false);
  const [moreError, setError] = useState<string | null>(null);
  const current = useRef(path);
  useEffect(() => {
    current.current = path;
    setOlder([]);
    setNext(undefined);
    setError(null);
  }, [path]);
  const first = q.data?.[member] as T[] | undefined;
  // What slides off the live page while older ones are shown stays, so that no row gets lost between.
  const kept = useRef<{ path: string; rows: Map<string, T> }>({ path, rows: new Map() });
  const rows = useMemo(() => {
    if (kept.current.path !== path) kept.current = { path, rows: new Map() };
    const seen = kept.current.rows;
    if (older.length === 0) seen.clear();
    for (const r of first ?? []) seen.set(id(r), r);
    if (older.length === 0) return first ?? [];
    const live = new Set((first ?? []).map(id));
    const slid = [...seen.values()].filter((r) => !live.has(id(r)));
    const shown = new Set([...live, ...slid.map(id)]);
    return [...(first ?? []), ...slid, ...older.filter((r) => !shown.has(id(r)))];
  }, [path, first, older, id]);
  const cursor = next === undefined ? (q.data?.next ?? null) : next;
  const load = useCallback(async () => {
    if (!cursor) return;
    setLoading(true);
    setError(null);
    try {
      const { data } = await get<Page<K, T>>(`${path}${path.includes('?') ? '&' : '?'}before=${encodeURIComponent(cursor)}`);
      if (current.current === path) {
        setOlder((o) => [...o, ...(data[member] as T[])]);
        setNext(data.next ?? null);
      }
    } catch (e) {
      setError(e instanceof ApiError ? e.message : String(e));
    }
    setLoading(false);
  }, [cursor, path, member]);
  return { q, rows, more: cursor ? () => void load() : null, loadingMore, moreError };
}
