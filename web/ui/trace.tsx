'use client';
// A post's way through the program, as a waterfall: each step starts where the one before ended. The
// scale is logarithmic, since a post may wait a minute for a price and a microsecond for a thread.

import { exact, length, ms } from '@/data/format';
import type { Step } from '@/data/types';
import { Link } from './link';

const NAMES: Record<string, string> = {
  posted: 'Posted', received: 'Received', stored: 'Stored', read: 'Read', scored: 'Scored', judged: 'Judged', intent: 'Decided to trade',
  sent: 'Order sent', acknowledged: 'Acknowledged', filled: 'Filled', closed: 'Closed',
};

/** Microseconds are kept: Date has milliseconds only. */
function us(iso: string): number {
  const t = ms(iso) ?? 0;
  const frac = /\.\d{3}(\d{1,3})/.exec(iso)?.[1];
  return t + (frac ? Number(frac.padEnd(3, '0')) / 1000 : 0);
}

export function Trace({ steps }: { steps: Step[] }) {
  const start = steps[0] ? us(steps[0].at) : 0;
  const rows = steps.map((s, i) => {
    const at = us(s.at) - start;
    const before = i > 0 ? us(steps[i - 1]?.at ?? s.at) - start : 0;
    return { ...s, atMs: at, before, took: at - before };
  });
  const scale = (v: number) => Math.log10(1 + Math.max(0, v));
  const width = Math.max(0.001, scale(rows[rows.length - 1]?.atMs ?? 0));
  return (
    <ol className="text-sm">
      {rows.map((r, i) => {
        const from = (scale(r.before) / width) * 100;
        const to = (scale(r.atMs) / width) * 100;
        return (
          <li key={i} className="grid grid-cols-[8rem_minmax(0,1fr)_5.5rem] items-center gap-x-3 border-b border-line px-4 py-1.5 last:border-0" title={exact(r.at)}>
            <span className="truncate">{r.trade_id ? <Link href={`/trade?id=${r.trade_id}`} className="hover:underline">{NAMES[r.step] ?? r.step}</Link> : (NAMES[r.step] ?? r.step)}</span>
            <span className="min-w-0">
              <svg aria-hidden="true" viewBox="0 0 100 8" preserveAspectRatio="none" className="h-2 w-full">
                <rect width="100" height="8" rx="1" className="fill-raised" />
                <rect x={Math.min(from, 98.5)} width={Math.max(1.5, to - from)} height="8" className="fill-accent" />
              </svg>
              {r.what && <span className="block truncate text-xs text-muted" title={r.what}>{r.what}</span>}
            </span>
            <span className="text-right">
              <span className="block">{i === 0 ? <span className="text-muted">start</span> : r.took < 0.001 ? <span className="text-muted">at once</span> : `+${length(r.took)}`}</span>
              {i > 0 && r.took >= 0.001 && <span className="block text-xs text-muted">{length(r.atMs)}</span>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
