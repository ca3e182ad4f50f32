'use client';
// Each limit with its use; what rests stands below, with the time at which it is over.

import { int, percent, span, title as words, coin } from '@/data/format';
import { useApi } from '@/data/query';
import type { Limit, LimitList } from '@/data/types';
import { Badge, Meter, Time } from '@/ui/bits';
import { Card, Empty } from '@/ui/card';
import { Link } from '@/ui/link';

const NAMES: Record<string, string> = {
  open_positions: 'Open positions',
  daily_drawdown: 'Day’s loss',
  position_size: 'Largest position',
  leverage: 'Leverage',
  venue_weight: 'Requests to the exchange',
  cooldown_symbol: 'Coin rests',
  cooldown_author: 'Author rests',
  author_trades: 'Trades on an author today',
};
const SHARES = new Set(['daily_drawdown', 'position_size']);
const RESTS = new Set(['cooldown_symbol', 'cooldown_author']);

function amount(l: Limit, v: string | null): string {
  if (v === null) return 'not known';
  if (SHARES.has(l.name)) return percent(v, 2);
  if (l.name === 'leverage') return `${Number(v).toFixed(2)}×`;
  return RESTS.has(l.name) ? span(Number(v) * 1000) : int(v);
}

export function Limits() {
  const q = useApi<LimitList>('/api/limits', { every: 5000, on: ['trade', 'position', 'mode', 'equity'] });
  return (
    <Card title="Limits, and how much of each is used" q={q} rows={6} empty={(d) => (d.limits.length === 0 ? <Empty title="No limit is known" /> : null)}>
      {(d) => (
        <>
          <ul>{d.limits.filter((l) => !RESTS.has(l.name)).map((l, i) => <Row key={i} l={l} />)}</ul>
          <Rests rows={d.limits.filter((l) => RESTS.has(l.name))} />
        </>
      )}
    </Card>
  );
}

function Row({ l }: { l: Limit }) {
  const share = l.share ?? 0;
  const meant = l.name === 'position_size'; // each entry uses it up: a full one is no cause to look
  const name = NAMES[l.name] ?? words(l.name);
  return (
    <li className="border-b border-line px-4 py-3 last:border-0" data-limit={l.name}>
      <div className="flex flex-wrap items-baseline gap-x-3 text-sm">
        <span className="font-medium">{name}{l.about && <span className="text-muted"> · {coin(l.about)}</span>}</span>
        {meant ? null : share >= 1 ? <Badge tone="down" icon="stop">reached</Badge> : share >= 0.8 ? <Badge tone="warn" icon="warn">near</Badge> : null}
        <span className="ml-auto"><b>{amount(l, l.used)}</b>{l.limit !== null && <span className="text-muted"> of {amount(l, l.limit)}</span>}</span>
      </div>
      {l.limit !== null && <div className="mt-1.5"><Meter label={`${name}${l.about ? `, ${l.about}` : ''}`} share={share} calm={meant} /></div>}
      <p className="mt-1 flex flex-wrap gap-x-3 text-xs text-muted">
        <span>{l.text}{l.until && <>, until <Time at={l.until} /></>}</span>
        {l.key && <Link href={`/settings?key=${l.key}`} className="ml-auto underline">{l.key}</Link>}
      </p>
    </li>
  );
}

function Rests({ rows }: { rows: Limit[] }) {
  if (rows.length === 0) return null;
  return (
    <div className="border-t border-line px-4 py-3">
      <h3 className="mb-1.5 text-xs text-muted">Rests after a trade</h3>
      <ul className="flex flex-wrap gap-1.5">
        {rows.map((l, i) => <li key={i}><Badge icon="wait">{l.name === 'cooldown_symbol' ? coin(l.about ?? '') : `@${l.about}`} <Time at={l.until} /></Badge></li>)}
      </ul>
    </div>
  );
}
