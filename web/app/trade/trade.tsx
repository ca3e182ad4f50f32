'use client';
// One trade: why it was opened and closed, at which prices, by which orders and fills, and each thing
// that was written about it.

import { useSearchParams } from 'next/navigation';
import { useMemo, useState } from 'react';
import { coin, exact, money, ms, qty } from '@/data/format';
import { post } from '@/data/client';
import { useOpenProfits } from '@/data/positions';
import { refresh, useApi, type Query } from '@/data/query';
import { reason } from '@/data/reasons';
import type { AuditRow, Fill, Order, TradeWhole } from '@/data/types';
import { Badge, Button, Facts, Figure, Pnl, Price, Side, Time } from '@/ui/bits';
import { CandleCard, type Interval } from '@/ui/candles';
import { Card, Empty, Failed, Loading, PageTitle } from '@/ui/card';
import { Confirm } from '@/ui/dialog';
import { Link } from '@/ui/link';
import { MarkedText, ScoreParts } from '@/ui/parts';
import { AuthorLink } from '@/ui/post';
import { useThreshold } from '../overview';
import { Held, TradeStatus } from '../trades/trades';

export function TradePage() {
  const id = useSearchParams().get('id') ?? '';
  const q = useApi<TradeWhole>(id ? `/api/trade?id=${encodeURIComponent(id)}` : null, { every: 6000, on: ['trade', 'order', 'position'] });
  if (!id) return <Empty title="Which trade?">This page takes its id in the address. <Link href="/trades" className="text-accent underline">All trades</Link></Empty>;
  const t = q.data?.trade;
  return (
    <>
      <PageTitle title={t ? `${coin(t.symbol)}, ${t.side.toLowerCase()}` : 'Trade'}>
        {t?.status === 'OPEN' && <CloseButton symbol={t.symbol} side={t.side} held={t.held} />}
        <Link href="/trades" className="text-sm text-accent hover:underline">All trades</Link>
      </PageTitle>
      {!q.data ? <div className="rounded-xl border border-line bg-surface">{q.error ? <Failed q={q} /> : <Loading rows={8} />}</div> : <Body d={q.data} q={q} />}
    </>
  );
}

export function CloseButton({ symbol, side, held, small = false }: { symbol: string; side: string; held: string; small?: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button small={small} onClick={() => setOpen(true)}>Close {coin(symbol)}</Button>
      <Confirm open={open} danger title={`Close ${coin(symbol)}?`} verb="Close the position" onClose={() => setOpen(false)}
        onConfirm={async () => { await post('/api/positions/close', { symbol, reason: 'closed on the dashboard' }); refresh('/api/trade', '/api/position', '/api/status'); }}>
        <p>{side === 'SHORT' ? 'Buys back' : 'Sells'} {qty(held.replace('-', ''))} {coin(symbol)} at the next price, and cancels its stop and target. Trading goes on otherwise.</p>
      </Confirm>
    </>
  );
}

function Body({ d, q }: { d: TradeWhole; q: Query<TradeWhole> }) {
  const threshold = useThreshold();
  const t = d.trade;
  const open = useOpenProfits().get(t.id);
  return (
    <div className="grid gap-4">
      <Card title="The trade" q={q} pad>
        <div className="grid grid-cols-2 gap-4 sm:grid-cols-4 xl:grid-cols-8">
          <Figure label="State"><span className="text-base"><TradeStatus t={t} /></span></Figure>
          {t.status === 'OPEN'
            ? <Figure label="Profit, open" sub="if it were closed now"><Pnl value={open} /></Figure>
            : <Figure label="Profit" sub={`after ${money(t.fees)} of fees`}><Pnl value={t.pnl} /></Figure>}
          <Figure label="Side"><span className="text-lg"><Side side={t.side} /></span></Figure>
          <Figure label="Quantity">{qty(t.quantity)}</Figure>
          <Figure label="Entry" sub="without fees"><Price value={t.entry_price} /></Figure>
          <Figure label="Stop"><Price value={t.stop_loss} /></Figure>
          <Figure label="Target"><Price value={t.take_profit} /></Figure>
          <Figure label="Held"><Held t={t} /></Figure>
        </div>
      </Card>
      <Around t={t} />
      <div className="grid items-start gap-4 xl:grid-cols-2">
        <Card title="Why was it opened?">
          {d.post && (
            <div className="border-b border-line p-4">
              <div className="mb-1 text-sm text-muted"><AuthorLink t={{ username: d.post.username ?? null, source: d.post.source }} /> · <Time at={d.post.created_at} /></div>
              {d.post.text === '' ? <p className="italic text-muted">The post was deleted.</p> : <MarkedText text={d.post.text} mentions={d.post.mentions} />}
              <Link href={`/post?id=${d.post.id}`} className="mt-2 inline-block text-sm text-accent underline">The post and its way here</Link>
            </div>
          )}
          {d.signal ? <ScoreParts s={d.signal} threshold={threshold} /> : <Empty title="No signal">It was not opened by a post.</Empty>}
        </Card>
        <div className="grid min-w-0 gap-4">
          <Card title={t.status === 'OPEN' ? 'When will it close?' : 'Why was it closed?'} pad>
            {t.status === 'OPEN' ? (
              <p className="text-sm">At its stop (<Price value={t.stop_loss} />), at its target (<Price value={t.take_profit} />){t.hold_until && <>, or when its time is up (<Time at={t.hold_until} />)</>}, whichever comes first.{t.exit_due && ` It is being closed now: ${reason(t.exit_reason).long}`}</p>
            ) : (
              <p className="text-sm"><b>{reason(t.closed_reason).long || 'No reason is stored.'}</b> <span className="text-muted">{exact(t.closed_at)}</span></p>
            )}
            {t.shrunk_reason && <p className="mt-2 text-sm">It was halved: {reason(t.shrunk_reason).long}</p>}
          </Card>
          <Card title="Times and prices" pad>
            <Facts rows={[
              ['Posted', exact(t.posted_at)], ['Decided', exact(t.created_at)], ['Entered', exact(t.entered_at)], ['Closed', t.closed_at ? exact(t.closed_at) : 'not yet'],
              ['Price at the decision', <Price key="q" value={t.quote_price} />], ['Would pay at most', <Price key="l" value={t.limit_price} />],
              ['Leverage', `${t.leverage}×`], ['Strategy', t.strategy], ['Id', <span key="i" className="font-mono text-xs">{t.id}</span>],
            ]} />
          </Card>
        </div>
        <Card title="Orders" className="xl:col-span-2"><Orders rows={d.orders} /></Card>
        <Card title="Fills" className="xl:col-span-2"><Fills rows={d.fills} /></Card>
        <Card title="What was written about it" className="xl:col-span-2"><AuditList rows={d.audit} /></Card>
      </div>
    </div>
  );
}

const HOUR = 3_600_000;
const at = (t: number) => new Date(t).toISOString();

/** The price from an hour before the trade to an hour after it, in candles so long that all fit. */
function Around({ t }: { t: TradeWhole['trade'] }) {
  const begin = ms(t.posted_at) ?? ms(t.created_at) ?? 0;
  const end = ms(t.closed_at);
  const hours = ((end ?? begin + 24 * HOUR) - begin) / HOUR;
  const start: Interval = hours < 14 ? '1m' : hours < 80 ? '5m' : hours < 240 ? '15m' : '1h';
  const levels = useMemo(() => {
    const of = (kind: 'stop' | 'target', price: string | null) => (price ? [{ kind, price, trade_id: t.id }] : []);
    return [...of('stop', t.stop_loss), ...of('target', t.take_profit)];
  }, [t.id, t.stop_loss, t.take_profit]);
  return <CandleCard key={t.id} symbol={t.symbol} start={start} levels={levels} from={at(begin - HOUR)} to={end === null ? undefined : at(end + HOUR)} />;
}

const LIVE = new Set(['new', 'sent', 'pending', 'open', 'part']);
function OrderState({ s }: { s: string }) {
  return <Badge tone={s === 'filled' ? 'up' : s === 'unknown' || s === 'rejected' ? 'warn' : LIVE.has(s) ? 'accent' : 'plain'}>{s}</Badge>;
}

const th = 'whitespace-nowrap px-2 py-2 text-xs font-medium text-muted first:pl-4 last:pr-4';
const td = 'whitespace-nowrap px-2 py-2 first:pl-4 last:pr-4';

function Orders({ rows }: { rows: Order[] }) {
  if (rows.length === 0) return <Empty title="No order" />;
  return (
    <div className="scroll-thin overflow-x-auto" tabIndex={0} role="region" aria-label="Orders, scrolls sideways">
      <table className="w-full text-sm">
        <caption className="sr-only">Orders of the trade</caption>
        <thead><tr className="border-b border-line text-left">{['Leg', 'Side', 'Type', 'State'].map((h) => <th key={h} scope="col" className={th}>{h}</th>)}{['Quantity', 'Filled', 'Price', 'Stop price'].map((h) => <th key={h} scope="col" className={`${th} text-right`}>{h}</th>)}<th scope="col" className={th}>Changed</th><th scope="col" className={th}>Client order id</th></tr></thead>
        <tbody>{rows.map((o) => (
          <tr key={o.id} className="border-b border-line last:border-0">
            <td className={`${td} font-medium`}>{o.leg}</td><td className={td}>{o.side.toLowerCase()}</td><td className={td}>{o.type.toLowerCase().replaceAll('_', ' ')}{o.tif !== 'NONE' ? `, ${o.tif}` : ''}</td><td className={td}><OrderState s={o.status} /></td>
            <td className={`${td} text-right`}>{qty(o.quantity)}</td><td className={`${td} text-right`}>{qty(o.filled_quantity)}</td><td className={`${td} text-right`}><Price value={o.price} /></td><td className={`${td} text-right`}><Price value={o.stop_price} /></td>
            <td className={td}><Time at={o.updated_at} /></td><td className={`${td} font-mono text-xs`}>{o.client_order_id}</td>
          </tr>
        ))}</tbody>
      </table>
    </div>
  );
}

function Fills({ rows }: { rows: Fill[] }) {
  if (rows.length === 0) return <Empty title="Nothing was filled" />;
  return (
    <div className="scroll-thin overflow-x-auto" tabIndex={0} role="region" aria-label="Fills, scrolls sideways">
      <table className="w-full text-sm">
        <caption className="sr-only">Fills of the trade</caption>
        <thead><tr className="border-b border-line text-left"><th scope="col" className={th}>Time</th><th scope="col" className={th}>Leg</th><th scope="col" className={th}>Side</th>{['Quantity', 'Price', 'Worth', 'Fee'].map((h) => <th key={h} scope="col" className={`${th} text-right`}>{h}</th>)}</tr></thead>
        <tbody>{rows.map((f) => (
          <tr key={f.id} className="border-b border-line last:border-0">
            <td className={td}><Time at={f.filled_at} /></td><td className={td}>{f.leg}</td><td className={td}>{f.side.toLowerCase()}</td>
            <td className={`${td} text-right`}>{qty(f.quantity)}</td><td className={`${td} text-right`}><Price value={f.price} /></td><td className={`${td} text-right`}>{money(f.quote)}</td><td className={`${td} text-right`}>{qty(f.fee)} {f.fee_asset}</td>
          </tr>
        ))}</tbody>
      </table>
    </div>
  );
}

export function AuditList({ rows }: { rows: AuditRow[] }) {
  if (rows.length === 0) return <Empty title="Nothing was written yet" />;
  return (
    <ol className="text-sm">
      {rows.map((r) => (
        <li key={r.id} className="flex flex-wrap gap-x-3 border-b border-line px-4 py-1.5 last:border-0 sm:grid sm:grid-cols-[12.5rem_7rem_6rem_minmax(0,1fr)]">
          <span className="whitespace-nowrap text-muted">{exact(r.at)}</span>
          <span className="truncate text-muted" title={r.actor}>{r.actor}</span>
          <span className="font-medium">{r.action}</span>
          <span className="min-w-0 break-words max-sm:w-full">{r.detail || `${r.entity} ${r.entity_id ?? ''}`}</span>
        </li>
      ))}
    </ol>
  );
}
