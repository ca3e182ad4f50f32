'use client';
// At a glance: how the account stands, what is held, what is read, and what comes of it.

import dynamic from 'next/dynamic';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { int, money, percent, qty, ms } from '@/data/format';
import { OVERVIEW_ASKS } from '@/data/overview';
import { usePositions } from '@/data/positions';
import { useApi } from '@/data/query';
import { useStatus } from '@/data/status';
import { reason } from '@/data/reasons';
import type { EquityRow, FunnelData, Page, Position, Trade, Tweet } from '@/data/types';
import { Badge, Coin, Figure, Pnl, Price, Side, Time } from '@/ui/bits';
import { Card, Empty, Loading } from '@/ui/card';
import { Later, patiently } from '@/ui/later';
import { Link } from '@/ui/link';
import { PostItem } from '@/ui/post';
import type { Point } from '@/charts/equity';

const EquityChart = dynamic(() => patiently(() => import('@/charts/equity')), { ssr: false, loading: () => <Loading rows={6} /> });

export function Overview() {
  return (
    <>
      <h1 className="sr-only">Overview</h1>
      <Figures />
      <div className="mt-4 grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_23rem] min-[120rem]:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="contents min-w-0 items-start gap-4 xl:grid min-[120rem]:grid-cols-[minmax(0,1.35fr)_minmax(0,1fr)]">
          <div className="order-1 grid min-w-0 gap-4"><Equity /><Positions /></div>
          <div className="order-3 grid min-w-0 gap-4"><LastTrades /><Funnel /></div>
        </div>
        <Feed />
      </div>
    </>
  );
}

function Figures() {
  const q = useStatus();
  const s = q.data;
  if (!s) return q.error ? null : <div className="min-h-[14.75rem] rounded-xl border border-line bg-surface sm:min-h-[10.2rem] xl:min-h-[5.7rem]"><Loading rows={2} /></div>;
  return (
    <section aria-label="Figures" className="grid grid-cols-2 gap-x-4 gap-y-4 rounded-xl border border-line bg-surface p-4 shadow-card sm:grid-cols-3 xl:grid-cols-6">
      <Figure label={`Equity, ${s.account.currency}`} sub={s.account.start != null ? `began with ${money(s.account.start)}` : undefined}>{money(s.account.equity)}</Figure>
      <Figure label="Profit today" sub={`${int(s.counts.trades_today)} trades`}><Pnl value={s.account.pnl_today} /></Figure>
      <Figure label="Profit in all" sub={s.account.fees != null ? `after ${money(s.account.fees)} of fees` : undefined}><Pnl value={s.account.pnl_total} /></Figure>
      <Figure label="Day’s drawdown" sub={`stops at ${percent(s.account.drawdown_limit, 1)}`}>{percent(s.account.drawdown_today)}</Figure>
      <Figure label="Open positions" sub={s.counts.waiting > 0 ? `${s.counts.waiting} to approve` : 'nothing to approve'}>{int(s.counts.open_positions)}</Figure>
      <Figure label="Posts today" sub={<>last <Time at={s.last_post_at} past /></>}>{int(s.counts.posts_today)}</Figure>
    </section>
  );
}

const RANGES = [
  ['6h', 6 * 3600],
  ['24h', 86_400],
  ['7d', 7 * 86_400],
  ['all', 0],
] as const;

export function pointsOf(rows: EquityRow[], start: number): Point[] {
  let peak = -Infinity;
  return rows.map((r) => {
    const equity = Number(r.equity);
    peak = Math.max(peak, equity);
    return { t: ms(r.at) ?? 0, equity, profit: equity - start, drawdown: peak > 0 ? (peak - equity) / peak : 0 };
  });
}

function Equity() {
  const [range, setRange] = useState<(typeof RANGES)[number][0]>('all');
  const [what, setWhat] = useState<'equity' | 'profit'>('equity');
  const status = useStatus().data;
  const q = useApi<{ points: EquityRow[] }>(OVERVIEW_ASKS.equity, { every: 15_000, on: ['equity', 'trade'], pace: 5000 });
  const rows = q.data?.points;
  const points = useMemo(() => {
    const all = pointsOf(rows ?? [], Number(status?.account.start ?? rows?.[0]?.equity ?? 0));
    const seconds = RANGES.find((r) => r[0] === range)?.[1] ?? 0;
    const from = (all[all.length - 1]?.t ?? 0) - seconds * 1000;
    return seconds ? all.filter((p) => p.t >= from) : all;
  }, [rows, range, status?.account.start]);
  return (
    <Card title="Equity and profit" q={q} rows={8} className="min-h-[25.2rem] sm:min-h-[25.1rem]"
      empty={() => (points.length < 2 ? <Empty title="No curve yet">It begins with the first minutes of a running trader.</Empty> : null)}
      aside={<>
        <Choice label="What is drawn" value={what} options={[['equity', 'Equity'], ['profit', 'Profit']]} onChange={setWhat} />
        <Choice label="How far back" value={range} options={RANGES.map((r) => [r[0], r[0]] as const)} onChange={setRange} />
      </>}>
      <figure className="p-2 pr-1" aria-label={`${what === 'equity' ? 'Equity' : 'Profit'} over time, with drawdown`}>
        <Later height="h-76 sm:h-84"><EquityChart points={points} what={what} quote={status?.account.currency ?? ''} /></Later>
      </figure>
    </Card>
  );
}

export function Choice<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: readonly (readonly [T, string])[]; onChange: (v: T) => void }) {
  return (
    <div role="group" aria-label={label} className="flex rounded-md bg-raised p-0.5">
      {options.map(([v, name]) => (
        <button key={v} type="button" aria-pressed={value === v} onClick={() => onChange(v)}
          className={`min-h-6 rounded px-2 text-xs ${value === v ? 'bg-surface font-medium shadow-card' : 'text-muted hover:text-text'}`}>
          {name}
        </button>
      ))}
    </div>
  );
}

function Positions() {
  const q = usePositions();
  return (
    <Card title="Open positions" q={q} className="min-h-[10.2rem]" empty={(d) => (d.positions.length === 0 ? <Empty title="Nothing is held">What is bought next stands here, with its stop and target.</Empty> : null)}>
      {(d) => (
        <ul>
          {d.positions.map((p) => <PositionRow key={p.symbol} p={p} />)}
        </ul>
      )}
    </Card>
  );
}

function PositionRow({ p }: { p: Position }) {
  return (
    <li className="grid grid-cols-2 items-center gap-x-4 gap-y-1 border-b border-line px-4 py-3 text-sm last:border-0 sm:grid-cols-[8rem_minmax(0,1fr)_minmax(0,1.4fr)_6rem]">
      <div className="flex items-center gap-2"><Coin symbol={p.symbol} /><Side side={p.side} /></div>
      <div className="text-right sm:text-left"><span className="text-muted" title="The average price of the entry, its fees included">{qty(p.size.replace('-', ''))} at </span><Price value={p.avg_entry} /></div>
      <Levels p={p} />
      <div className="text-right">
        <Pnl value={p.unrealized_pnl} className="font-semibold" />
        <div className="text-xs text-muted">{p.trade_id ? <Link href={`/trade?id=${p.trade_id}`} className="underline">held <Time at={p.opened_at} ago={false} /></Link> : <Time at={p.opened_at} />}</div>
      </div>
    </li>
  );
}

/** Stop, entry and target on one line, to scale; without a stop it says so. */
function Levels({ p }: { p: Position }) {
  const stop = Number(p.stop_loss), target = Number(p.take_profit), entry = Number(p.avg_entry);
  if (!p.stop_loss || !p.take_profit) return <div>{p.stop_loss ? <>Stop <Price value={p.stop_loss} /></> : <Badge tone="down" icon="warn">no stop</Badge>}</div>;
  const at = Math.max(0, Math.min(1, (entry - stop) / (target - stop)));
  return (
    <div className="text-xs max-sm:col-span-1">
      <svg aria-hidden="true" viewBox="0 0 100 6" preserveAspectRatio="none" className="h-1.5 w-full overflow-hidden rounded-full">
        <rect width={at * 100} height="6" className="fill-down" opacity="0.55" />
        <rect x={at * 100} width={100 - at * 100} height="6" className="fill-up" opacity="0.55" />
        <rect x={Math.min(98, at * 100)} width="2" height="6" className="fill-text" />
      </svg>
      <div className="mt-1 flex justify-between gap-2"><span><span className="text-muted">stop </span><Price value={p.stop_loss} /></span><span><span className="text-muted">target </span><Price value={p.take_profit} /></span></div>
    </div>
  );
}

/** When the last thing happened to a trade: it was closed, or opened. */
const lastAt = (t: Trade) => t.closed_at ?? t.created_at;
const latestFirst = (x: Trade, y: Trade) => (ms(lastAt(y)) ?? 0) - (ms(lastAt(x)) ?? 0);

function LastTrades() {
  const q = useApi<Page<'trades', Trade>>(OVERVIEW_ASKS.trades, { every: 8000, on: ['trade'] });
  return (
    <Card title="Last trades" q={q} rows={5} className="min-h-[21.5rem]" aside={<Link href="/trades" className="text-xs text-accent hover:underline">All trades</Link>}
      empty={(d) => (d.trades.length === 0 ? <Empty title="No trade yet"><Link href="/why" className="text-accent underline">Why not?</Link></Empty> : null)}>
      {(d) => (
        <ul>
          {d.trades.toSorted(latestFirst).map((t) => (
            <li key={t.id}>
              <Link href={`/trade?id=${t.id}`} className="grid grid-cols-[3.5rem_4.5rem_minmax(0,1fr)_auto] items-center gap-2 border-b border-line px-4 py-2 text-sm hover:bg-raised/60">
                <span className="font-semibold">{t.symbol.replace(/USDT$/, '')}</span>
                <Side side={t.side} />
                <span className="truncate text-muted">{t.status === 'OPEN' ? 'open' : t.status === 'CANCELLED' ? 'cancelled' : reason(t.closed_reason).short || 'closed'} · <Time at={lastAt(t)} past /></span>
                {t.status === 'OPEN' ? <Badge tone="accent">open</Badge> : <Pnl value={t.pnl} className="font-semibold" />}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Funnel() {
  const q = useApi<FunnelData>(OVERVIEW_ASKS.funnel, { every: 10_000, on: ['signal', 'trade'] });
  return (
    <Card title="From posts to trades" q={q} rows={5} className="min-h-[20rem]" empty={(d) => (!d.posts ? <Empty title="No posts yet">As soon as a source brings some, this shows where they end.</Empty> : null)}>
      {(d) => <FunnelBars d={d} />}
    </Card>
  );
}

function FunnelBars({ d }: { d: FunnelData }) {
  const steps = [
    ['Posts', d.posts], ['About a coin', d.linked], ['Scored', d.scored], [`${d.threshold} or more`, d.over_threshold], ['Traded', d.traded],
  ] as const;
  const most = Math.max(1, d.posts);
  return (
    <div className="p-4">
      <ol className="space-y-1.5">
        {steps.map(([name, n]) => (
          <li key={name} className="grid grid-cols-[8.5rem_minmax(0,1fr)_3.5rem] items-center gap-3 text-sm">
            <span>{name}</span>
            <svg aria-hidden="true" viewBox="0 0 100 8" preserveAspectRatio="none" className="h-2 w-full rounded-full bg-raised"><rect width={(n / most) * 100} height="8" rx="1" className="fill-accent" /></svg>
            <span className="text-right font-medium">{int(n)}</span>
          </li>
        ))}
      </ol>
      <Tallies title="Signals refused" rows={d.refused.map((r) => ({ code: r.reason, text: r.text, count: r.count, href: `/posts?reason=${r.reason}` }))} />
      <Tallies title="Posts without a signal" rows={d.not_scored.map((r) => ({ code: r.outcome, text: r.text, count: r.count, href: `/posts?outcome=${r.outcome}` }))} />
    </div>
  );
}

export function Tallies({ title, rows }: { title: string; rows: { code: string; text: string; count: number; href: string }[] }) {
  if (rows.length === 0) return null;
  return (
    <div className="mt-3 border-t border-line pt-3">
      <h3 className="mb-1.5 text-xs text-muted">{title}</h3>
      <ul className="flex flex-wrap gap-1.5">
        {rows.map((r) => (
          <li key={r.code}><Link href={r.href} className="hover:opacity-80"><Badge title={`${r.text} (${r.code})`}>{reason(r.code).short} <b className="text-text">{int(r.count)}</b></Badge></Link></li>
        ))}
      </ul>
    </div>
  );
}

/** Where trading begins; the funnel knows it. */
export function useThreshold(): number | null {
  return useApi<FunnelData>(OVERVIEW_ASKS.funnel, { every: 10_000, on: ['signal', 'trade'] }).data?.threshold ?? null;
}

const FeedItem = memo(PostItem); // most stay as they are when others come

function Feed() {
  const q = useApi<Page<'tweets', Tweet>>(OVERVIEW_ASKS.tweets, { every: 4000, on: ['post', 'signal', 'trade'] });
  const threshold = useThreshold();
  const seen = useRef<Set<string> | null>(null);
  const ids = q.data?.tweets.map((t) => t.id).join() ?? '';
  const [fresh, setFresh] = useState<Set<string>>(new Set());
  useEffect(() => {
    if (!ids) return;
    const now = new Set(ids.split(','));
    const before = seen.current;
    if (before) setFresh(new Set([...now].filter((id) => !before.has(id))));
    seen.current = now;
  }, [ids]);
  return (
    <Card title="Posts as they arrive" q={q} rows={8} scroll className="order-2 h-[34rem] xl:sticky xl:top-16 xl:h-[calc(100dvh-5.5rem)]"
      aside={<Link href="/posts" className="text-xs text-accent hover:underline">All posts</Link>}
      empty={(d) => (d.tweets.length === 0 ? <Empty title="No post yet">Configure a source, or run the demo.</Empty> : null)}>
      {(d) => (
        <div role="feed" aria-busy={q.loading} aria-label="Posts, newest first">
          {d.tweets.map((t, i) => <FeedItem key={t.id} t={t} threshold={threshold} fresh={fresh.has(t.id)} place={i + 1} />)}
        </div>
      )}
    </Card>
  );
}
