'use client';
// One coin: its candles with what happened in them, what is held of it, what is said about it, what was traded. Without a coin in the address:
// those that were traded, by what they came to.

import { useRouter, useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { coin, int, money, percent, qty } from '@/data/format';
import { useListed, usePair } from '@/data/pairs';
import { usePositions } from '@/data/positions';
import { useApi } from '@/data/query';
import { apiPath } from '@/data/url';
import type { Page, Profit, Signal, Trade } from '@/data/types';
import { Badge, Button, Coin, field, Figure, Pnl, Price, Score, Side, Time } from '@/ui/bits';
import { CandleCard } from '@/ui/candles';
import { Card, Empty, PageTitle } from '@/ui/card';
import { Link } from '@/ui/link';
import { VerdictBadge } from '@/ui/post';
import { useThreshold } from '../overview';
import { Unlisted } from '../posts/posts';
import { CloseButton } from '../trade/trade';
import { TradeStatus } from '../trades/trades';

export function SymbolPage() {
  const params = useSearchParams();
  const symbol = usePair()(params.get('s') ?? params.get('symbol') ?? '');
  return symbol ? <One symbol={symbol} /> : <All />;
}

function Go() {
  const router = useRouter();
  const [text, setText] = useState('');
  const pair = usePair();
  const known = useListed();
  return (
    <form role="search" className="flex gap-2" onSubmit={(e) => { e.preventDefault(); if (text.trim()) router.push(`/symbol?s=${encodeURIComponent(pair(text))}`); }}>
      <input aria-label="Coin, as BTC" placeholder="Coin, as BTC" value={text} onChange={(e) => setText(e.target.value)} list="symbols" autoComplete="off" className={`${field} w-44`} />
      <datalist id="symbols">{known?.map((s) => <option key={s.symbol} value={s.symbol}>{s.base}</option>)}</datalist>
      <Button type="submit">Open</Button>
    </form>
  );
}

function All() {
  const q = useApi<Profit>('/api/metrics', { every: 15_000, on: ['trade'] });
  return (
    <>
      <PageTitle title="Symbols"><Go /></PageTitle>
      <Card title="What was traded, by coin" q={q} empty={(d) => (d.by_symbol.length === 0 ? <Empty title="No coin was traded yet">Open one by its name, or see <Link href="/why" className="text-accent underline">why nothing is traded</Link>.</Empty> : null)}>
        {(d) => (
          <table className="w-full text-sm">
            <caption className="sr-only">Closed trades by symbol</caption>
            <thead><tr className="border-b border-line text-xs text-muted"><th scope="col" className="px-4 py-2 text-left font-medium">Coin</th><th scope="col" className="px-2 py-2 text-right font-medium">Trades</th><th scope="col" className="px-2 py-2 text-right font-medium">Won</th><th scope="col" className="px-2 py-2 text-right font-medium max-sm:hidden">Fees</th><th scope="col" className="px-4 py-2 text-right font-medium">Profit</th></tr></thead>
            <tbody>{d.by_symbol.map((r) => (
              <tr key={r.symbol} className="border-b border-line last:border-0 hover:bg-raised/60">
                <td className="px-4 py-2"><Coin symbol={r.symbol} /> <span className="text-xs text-muted">{r.symbol}</span></td>
                <td className="px-2 py-2 text-right">{int(r.trades)}</td>
                <td className="px-2 py-2 text-right">{percent(r.trades ? r.won / r.trades : null, 0)}</td>
                <td className="px-2 py-2 text-right max-sm:hidden">{money(r.fees)}</td>
                <td className="px-4 py-2 text-right"><Pnl value={r.pnl} className="font-semibold" /></td>
              </tr>
            ))}</tbody>
          </table>
        )}
      </Card>
    </>
  );
}

function One({ symbol }: { symbol: string }) {
  const positions = usePositions();
  const trades = useApi<Page<'trades', Trade>>(apiPath('/api/trades', { limit: 50, symbol }), { every: 8000, on: ['trade'] });
  const signals = useApi<Page<'signals', Signal>>(apiPath('/api/signals', { limit: 50, symbol }), { every: 6000, on: ['signal'] });
  const threshold = useThreshold();
  return (
    <>
      <PageTitle title={`${coin(symbol)}`}><span className="text-sm text-muted">{symbol}</span><Unlisted typed={symbol} /><Go /></PageTitle>
      <CandleCard key={symbol} symbol={symbol} className="mb-4" />
      <div className="grid items-start gap-4 xl:grid-cols-2 min-[120rem]:grid-cols-3">
        <Card title="Held now" q={positions} pad empty={(d) => (d.positions.some((p) => p.symbol === symbol) ? null : <Empty title={`No ${coin(symbol)} is held`} />)}>
          {(d) => d.positions.filter((p) => p.symbol === symbol).map((p) => (
            <div key={p.symbol} className="space-y-4">
              <div className="grid grid-cols-2 gap-4 sm:grid-cols-3">
                <Figure label="Side"><Side side={p.side} /></Figure>
                <Figure label="Size">{qty(p.size.replace('-', ''))}</Figure>
                <Figure label="Profit if closed now"><Pnl value={p.unrealized_pnl} /></Figure>
                <Figure label="Entry with fees"><Price value={p.avg_entry} /></Figure>
                <Figure label="Stop">{p.stop_loss ? <Price value={p.stop_loss} /> : <Badge tone="down" icon="warn">no stop</Badge>}</Figure>
                <Figure label="Target"><Price value={p.take_profit} /></Figure>
              </div>
              <CloseButton symbol={p.symbol} side={p.side} held={p.size} />
            </div>
          ))}
        </Card>
        <Card title="What was traded" q={trades} empty={(d) => (d.trades.length === 0 ? <Empty title="No trade yet" /> : null)}>
          {(d) => (
            <ul>
              {d.trades.map((t) => (
                <li key={t.id}>
                  <Link href={`/trade?id=${t.id}`} className="flex flex-wrap items-center gap-3 border-b border-line px-4 py-2.5 text-sm hover:bg-raised/60">
                    <Side side={t.side} /><span className="text-muted">at <Price value={t.entry_price} /></span><TradeStatus t={t} />
                    <span className="ml-auto flex items-center gap-3">{t.status !== 'OPEN' && <Pnl value={t.pnl} className="font-semibold" />}<span className="text-xs text-muted"><Time at={t.created_at} /></span></span>
                  </Link>
                </li>
              ))}
            </ul>
          )}
        </Card>
        <Card title="What was said" q={signals} className="xl:max-[120rem]:col-span-2" empty={(d) => (d.signals.length === 0 ? <Empty title="Nothing was said of it yet" /> : null)}>
          {(d) => (
            <ul>
              {d.signals.map((s) => (
                <li key={s.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5 text-sm last:border-0">
                  <Score value={s.score} side={s.side} threshold={threshold} /><Side side={s.side} />
                  <VerdictBadge verdict={s.verdict} why={s.reason} trade={s.trade_id} />
                  <Link href={`/post?id=${s.tweet_id}`} className="min-w-0 truncate text-accent underline">{s.username ? `@${s.username}` : 'post'}</Link>
                  <span className="ml-auto text-xs text-muted"><Time at={s.created_at} /></span>
                </li>
              ))}
            </ul>
          )}
        </Card>
      </div>
    </>
  );
}
