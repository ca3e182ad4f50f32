'use client';
import type { Pages } from '@/data/pages';
import { Button } from './bits';

/** The foot of a list that goes on. */
export function More({ pages, what }: { pages: Pages<unknown>; what: string }) {
  return (
    <div className="flex flex-wrap items-center justify-center gap-3 border-t border-line px-4 py-3 text-sm text-muted">
      {pages.moreError && <span role="alert" className="text-down">{pages.moreError}</span>}
      {pages.more
        ? <Button small onClick={pages.more} disabled={pages.loadingMore}>{pages.loadingMore ? 'Loading…' : `Older ${what}`}</Button>
        : <span>That is all.</span>}
    </div>
  );
}
