'use client';
// The card with a coin's candles: on the coin's page all that is there, on a trade's page what was
// around it, with its own stop and target. What the picture shows stands in a table as well.

import dynamic from 'next/dynamic';
import { useMemo, useState } from 'react';
import { coin, exact } from '@/data/format';
import { useApi } from '@/data/query';
import { reason } from '@/data/reasons';
import type { Candles, Mark } from '@/data/types';
import { apiPath } from '@/data/url';
import { Choice } from '@/app/overview';
import { Price, Side, Time } from './bits';
import { Card, Empty, Loading } from './card';
import { patiently } from './later';
import { Link } from './link';

const CandleChart = dynamic(() => patiently(() => import('@/charts/candles')), { ssr: false, loading: () => <Loading rows={8} /> });

export const INTERVALS = ['1m', '5m', '15m', '1h', '4h', '1d'] as const;
export type Interval = (typeof INTERVALS)[number];
const WHAT: Record<Mark['kind'], string> = { post: 'Post', entry: 'Entry', exit: 'Exit', stop: 'Stop', target: 'Target' };

export function CandleCard({ symbol, from, to, start = '1m', levels, className = '' }: { symbol: string; from?: string; to?: string; start?: Interval; levels?: Candles['levels']; className?: string }) {
  const [interval, setInterval] = useState<Interval>(start);
  const q = useApi<Candles>(apiPath('/api/candles', { symbol, interval, from, to, limit: from ? 1000 : 300 }), { every: 10_000, on: ['trade', 'position', 'signal'] });
  return (
    <Card title={`Price of ${coin(symbol)}`} q={q} rows={8} className={className} aside={<Choice label="Length of a candle" value={interval} options={INTERVALS.map((v) => [v, v] as const)} onChange={setInterval} />}
      empty={(d) => (d.candles.length === 0 ? <Empty title="No candle yet">A candle is kept of each minute in which its price was seen, for 14 days.</Empty> : null)}>
      {(all) => <Drawn all={all} levels={levels} symbol={symbol} interval={interval} />}
    </Card>
  );
}

function Drawn({ all, levels, symbol, interval }: { all: Candles; levels?: Candles['levels']; symbol: string; interval: Interval }) {
  const d = useMemo(() => (levels ? { ...all, levels } : all), [all, levels]); // the picture is drawn anew by what is another object
  return (
    <figure className="p-2" aria-label={`Candles of ${coin(symbol)}, ${d.candles.length} of ${interval} each; what they show stands in the tables below them`}>
      <CandleChart data={d} />
      <Legend d={d} />
      <Tables d={d} />
    </figure>
  );
}

function Legend({ d }: { d: Candles }) {
  const n = (kinds: Mark['kind'][]) => d.marks.filter((m) => kinds.includes(m.kind)).length;
  const last = d.candles[d.candles.length - 1];
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 px-2 pt-2 text-xs text-muted">
      {last && <span>Last <Price value={last.close} /></span>}
      <span>Posts (dots) {n(['post'])}</span><span>Entries (arrows) {n(['entry'])}</span><span>Exits (arrows) {n(['exit', 'stop', 'target'])}</span>
      {d.levels.map((l) => <span key={l.kind}>{WHAT[l.kind]} <Price value={l.price} /></span>)}
    </p>
  );
}

const th = 'px-2 py-1.5 text-left text-xs font-medium text-muted';
const td = 'px-2 py-1.5';

function Tables({ d }: { d: Candles }) {
  const marks = [...d.marks].reverse();
  return (
    <details className="px-2 pt-2 text-sm">
      <summary className="cursor-pointer text-xs text-accent">As tables</summary>
      <div className="scroll-thin mt-2 max-h-72 overflow-auto" tabIndex={0} role="region" aria-label="What the chart shows, scrolls">
        <table className="w-full">
          <caption className="px-2 py-1 text-left text-xs font-semibold">What happened, newest first</caption>
          <thead><tr className="border-b border-line">{['When', 'What', 'Side', 'Price', 'Text'].map((h) => <th key={h} scope="col" className={th}>{h}</th>)}</tr></thead>
          <tbody>{marks.map((m, i) => (
            <tr key={i} className="border-b border-line last:border-0">
              <td className={`${td} whitespace-nowrap`}><Time at={m.at} /></td>
              <td className={td}>{m.kind !== 'post' && m.trade_id ? <Link className="text-accent underline" href={`/trade?id=${m.trade_id}`}>{WHAT[m.kind]}</Link>
                : m.tweet_id ? <Link className="text-accent underline" href={`/post?id=${m.tweet_id}`}>{WHAT[m.kind]}</Link> : WHAT[m.kind]}</td>
              <td className={td}>{m.side ? <Side side={m.side} /> : '–'}</td>
              <td className={td}><Price value={m.price} /></td>
              <td className={`${td} max-w-md truncate`}>{m.kind === 'post' ? m.text : m.text ? reason(m.text).long : ''}</td>
            </tr>
          ))}</tbody>
        </table>
        <table className="mt-3 w-full">
          <caption className="px-2 py-1 text-left text-xs font-semibold">Candles, newest first</caption>
          <thead><tr className="border-b border-line">{['Begin', 'Open', 'High', 'Low', 'Close'].map((h) => <th key={h} scope="col" className={th}>{h}</th>)}</tr></thead>
          <tbody>{[...d.candles].reverse().slice(0, 60).map((c) => (
            <tr key={c.at} className="border-b border-line last:border-0">
              <td className={`${td} whitespace-nowrap`}>{exact(c.at)}</td>
              <td className={td}><Price value={c.open} /></td><td className={td}><Price value={c.high} /></td><td className={td}><Price value={c.low} /></td><td className={td}><Price value={c.close} /></td>
            </tr>
          ))}</tbody>
        </table>
      </div>
    </details>
  );
}
