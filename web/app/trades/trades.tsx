'use client';
// All trades: sort, filter, choose columns, take them away as CSV. Above them what they came to.

import { useMemo } from 'react';
import { int, money, percent, length, ms } from '@/data/format';
import { usePages } from '@/data/pages';
import { programTime } from '@/data/now';
import { usePair } from '@/data/pairs';
import { useOpenProfits } from '@/data/positions';
import { useApi } from '@/data/query';
import { reason } from '@/data/reasons';
import type { Profit, Trade } from '@/data/types';
import { apiPath, useFilters } from '@/data/url';
import { Badge, Coin, Figure, Pnl, Price, Side, Time } from '@/ui/bits';
import { Card, Empty, PageTitle } from '@/ui/card';
import { Link } from '@/ui/link';
import { More } from '@/ui/more';
import { DataTable, type Columns } from '@/ui/table';
import { CoinField, Select } from '../posts/posts';

const held = (t: Trade) => (t.entered_at && t.closed_at ? (ms(t.closed_at) ?? 0) - (ms(t.entered_at) ?? 0) : null);
const heldSoFar = (t: Trade) => (t.status === 'OPEN' && t.entered_at ? programTime(Date.now()) - (ms(t.entered_at) ?? 0) : held(t));

/** For how long it was held, or has been. */
export function Held({ t }: { t: Trade }) {
  const h = held(t);
  return h !== null ? <>{length(h)}</> : t.status === 'OPEN' && t.entered_at ? <Time at={t.entered_at} ago={false} /> : <>–</>;
}

/** What a trade came to; `open`: what it would, closed now, where it is not over. */
function Result({ t, open }: { t: Trade; open: string | undefined }) {
  if (t.status !== 'OPEN') return <Pnl value={t.pnl} className="font-semibold" />;
  if (open === undefined) return <span className="text-muted">–</span>;
  return <span className="whitespace-nowrap" title="If it were closed now"><span className="text-xs text-muted">open </span><Pnl value={open} /></span>;
}

export function TradeStatus({ t }: { t: Trade }) {
  if (t.status === 'OPEN') return <Badge tone="accent">{t.entered_at ? 'open' : 'entering'}</Badge>;
  if (t.status === 'CANCELLED') return <Badge title={reason(t.closed_reason).long}>cancelled</Badge>;
  return <Badge title={reason(t.closed_reason).long}>{reason(t.closed_reason).short || 'closed'}</Badge>;
}

const columnsOf = (open: ReadonlyMap<string, string>): Columns<Trade> => [
  { id: 'opened', header: 'Opened', accessorFn: (t) => ms(t.created_at) ?? 0, cell: ({ row }) => <Link href={`/trade?id=${row.original.id}`} className="underline decoration-line-strong hover:decoration-current"><Time at={row.original.created_at} /></Link>, meta: { csv: (t) => t.created_at } },
  { id: 'symbol', header: 'Symbol', accessorKey: 'symbol', cell: ({ row }) => <Coin symbol={row.original.symbol} />, meta: { csv: (t) => t.symbol } },
  { id: 'side', header: 'Side', accessorKey: 'side', cell: ({ row }) => <Side side={row.original.side} />, meta: { csv: (t) => t.side } },
  { id: 'status', header: 'State', accessorFn: (t) => t.status + (t.closed_reason ?? ''), cell: ({ row }) => <TradeStatus t={row.original} />, meta: { csv: (t) => t.status } },
  { id: 'reason', header: 'Closed because', accessorFn: (t) => t.closed_reason ?? '', cell: ({ row }) => <span className="text-muted">{row.original.closed_reason ?? '–'}</span>, meta: { hidden: true, csv: (t) => t.closed_reason } },
  { id: 'pnl', header: 'Profit', accessorFn: (t) => Number(t.status === 'OPEN' ? (open.get(t.id) ?? 0) : t.pnl), cell: ({ row }) => <Result t={row.original} open={open.get(row.original.id)} />, meta: { right: true, csv: (t) => t.pnl } },
  { id: 'quantity', header: 'Quantity', accessorFn: (t) => Number(t.quantity), cell: ({ row }) => row.original.quantity, meta: { right: true, csv: (t) => t.quantity } },
  { id: 'entry', header: 'Entry', accessorFn: (t) => Number(t.entry_price), cell: ({ row }) => <Price value={row.original.entry_price} />, meta: { right: true, csv: (t) => t.entry_price } },
  { id: 'stop', header: 'Stop', accessorFn: (t) => Number(t.stop_loss), cell: ({ row }) => <Price value={row.original.stop_loss} />, meta: { right: true, csv: (t) => t.stop_loss } },
  { id: 'target', header: 'Target', accessorFn: (t) => Number(t.take_profit), cell: ({ row }) => <Price value={row.original.take_profit} />, meta: { right: true, csv: (t) => t.take_profit } },
  { id: 'held', header: 'Held', accessorFn: (t) => heldSoFar(t) ?? -1, cell: ({ row }) => <Held t={row.original} />, meta: { right: true, csv: (t) => held(t) } },
  { id: 'fees', header: 'Fees', accessorFn: (t) => Number(t.fees), cell: ({ row }) => money(row.original.fees), meta: { right: true, hidden: true, csv: (t) => t.fees } },
  { id: 'author', header: 'Author', accessorFn: (t) => t.username ?? '', cell: ({ row }) => (row.original.tweet_id ? <Link href={`/post?id=${row.original.tweet_id}`} className="hover:underline">{row.original.username ? `@${row.original.username}` : 'post'}</Link> : '–'), meta: { csv: (t) => t.username } },
  { id: 'closed', header: 'Closed', accessorFn: (t) => ms(t.closed_at) ?? 0, cell: ({ row }) => (row.original.closed_at ? <Time at={row.original.closed_at} /> : '–'), meta: { hidden: true, csv: (t) => t.closed_at } },
  { id: 'id', header: 'Id', accessorFn: (t) => Number(t.id), cell: ({ row }) => <span className="font-mono text-xs">{row.original.id}</span>, meta: { hidden: true, csv: (t) => t.id } },
];

export function Trades() {
  const f = useFilters();
  const pair = usePair();
  const open = useOpenProfits();
  const columns = useMemo(() => columnsOf(open), [open]);
  const pages = usePages<'trades', Trade>(apiPath('/api/trades', { limit: 100, symbol: pair(f.get('symbol')), status: f.get('status'), side: f.get('side') }), 'trades', { every: 8000, on: ['trade'] });
  const metrics = useApi<Profit>('/api/metrics', { every: 15_000, on: ['trade'] });
  return (
    <>
      <PageTitle title="Trades" />
      <Card title="What they came to" q={metrics} pad className="mb-4" rows={2}>
        {(m) => (
          <div className="grid grid-cols-2 gap-4 sm:grid-cols-4 xl:grid-cols-8">
            <Figure label="Today"><Pnl value={m.pnl.today} /></Figure>
            <Figure label="7 days"><Pnl value={m.pnl.week} /></Figure>
            <Figure label="30 days"><Pnl value={m.pnl.month} /></Figure>
            <Figure label="In all"><Pnl value={m.pnl.total} /></Figure>
            <Figure label="Closed" sub={`${int(m.trades.open)} open`}>{int(m.trades.closed)}</Figure>
            <Figure label="Won" sub={`${int(m.trades.won)} of ${int(m.trades.closed)}`}>{percent(m.trades.win_rate, 0)}</Figure>
            <Figure label="Average win" sub={m.trades.won > 0 ? `best ${money(m.trades.best)}` : undefined}><Pnl value={m.trades.average_win} /></Figure>
            <Figure label="Average loss" sub={m.trades.lost > 0 ? `worst ${money(m.trades.worst)}` : undefined}><Pnl value={m.trades.average_loss} /></Figure>
          </div>
        )}
      </Card>
      <Card title="All trades" q={pages.q} rows={10}
        empty={() => (pages.rows.length === 0 && !f.get('symbol') && !f.get('status') && !f.get('side') ? <Empty title="No trade yet"><Link href="/why" className="text-accent underline">Why not?</Link></Empty> : null)}>
        {() => (
          <>
            <DataTable name="trades" label="Trades" rows={pages.rows} columns={columns} idOf={(t) => t.id} part={pages.more !== null} csv="bullfinch-trades.csv" tools={
              <>
                <CoinField value={f.get('symbol')} onChange={(symbol) => f.set({ symbol })} />
                <Select label="State" value={f.get('status')} onChange={(status) => f.set({ status })} options={[['', 'Any state'], ['OPEN', 'Open'], ['CLOSED', 'Closed'], ['CANCELLED', 'Cancelled']]} />
                <Select label="Side" value={f.get('side')} onChange={(side) => f.set({ side })} options={[['', 'Both sides'], ['LONG', 'Long'], ['SHORT', 'Short']]} />
              </>
            } />
            {pages.rows.length === 0 && <Empty title="No trade fits">Loosen the filters.</Empty>}
            <More pages={pages} what="trades" />
          </>
        )}
      </Card>
    </>
  );
}
