'use client';
// Every post that came in, newest first, and what became of it.

import { useEffect, useState } from 'react';
import { usePair, useUnlisted } from '@/data/pairs';
import { usePages } from '@/data/pages';
import { apiPath, useFilters } from '@/data/url';
import { reason } from '@/data/reasons';
import type { Signal, Tweet } from '@/data/types';
import { Badge, Button, field, Time } from '@/ui/bits';
import { Card, Empty, PageTitle } from '@/ui/card';
import { Link } from '@/ui/link';
import { More } from '@/ui/more';
import { AuthorLink, authorHref, SignalLine, VerdictBadge } from '@/ui/post';
import { useThreshold } from '../overview';
import { Coin, Score, Side } from '@/ui/bits';

/** Text that is sent on when somebody stops typing. */
export function SearchField({ label, value, onChange, width = 'w-full sm:w-56' }: { label: string; value: string; onChange: (v: string) => void; width?: string }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const t = setTimeout(() => onChange(text.trim()), 350);
    return () => clearTimeout(t);
  }, [text, value, onChange]);
  return <input type="search" aria-label={label} placeholder={label} value={text} onChange={(e) => setText(e.target.value)} className={`${field} ${width}`} />;
}

/** Said under a coin's name that the exchange does not have; what is stored of it is shown all the same. */
export function Unlisted({ typed }: { typed: string }) {
  const unlisted = useUnlisted(typed);
  return <span role="status" className="text-xs text-warn">{unlisted && `The exchange has no coin ${typed}.`}</span>;
}

/** A coin, by its name or its pair. */
export function CoinField({ value, onChange, width = 'w-44' }: { value: string; onChange: (v: string) => void; width?: string }) {
  return (
    <div className={width}>
      <SearchField label="Coin, as BTC" value={value} onChange={(s) => onChange(s.toUpperCase())} width="w-full" />
      <Unlisted typed={value} />
    </div>
  );
}

export function Select({ label, value, options, onChange }: { label: string; value: string; options: readonly (readonly [string, string])[]; onChange: (v: string) => void }) {
  return (
    <select aria-label={label} value={value} onChange={(e) => onChange(e.target.value)} className={field}>
      {options.map(([v, name]) => <option key={v} value={v}>{name}</option>)}
    </select>
  );
}

export function Posts() {
  const f = useFilters();
  const reasonFilter = f.get('reason');
  const any = ['q', 'author', 'symbol', 'label', 'min_score', 'outcome', 'reason'].some((k) => f.get(k));
  return (
    <>
      <PageTitle title="Posts">{f.get('author') && <Link href={authorHref({ username: f.get('author') }) ?? '/authors'} className="text-sm text-accent hover:underline">About @{f.get('author').replace(/^@/, '')}</Link>}{any && <Button small onClick={() => f.set({ q: '', author: '', symbol: '', label: '', min_score: '', outcome: '', reason: '' })}>Clear filters</Button>}</PageTitle>
      <div role="search" aria-label="Filter posts" className="mb-4 flex flex-wrap gap-2">
        <SearchField label="Part of the text" value={f.get('q')} onChange={(q) => f.set({ q, reason: '' })} />
        <SearchField label="Author" value={f.get('author')} onChange={(author) => f.set({ author, reason: '' })} width="w-[calc(50%-0.25rem)] sm:w-36" />
        <CoinField value={f.get('symbol')} onChange={(symbol) => f.set({ symbol })} width="w-[calc(50%-0.25rem)] sm:w-44" />
        <Select label="How it reads" value={f.get('label')} onChange={(label) => f.set({ label, reason: '' })}
          options={[['', 'Any mood'], ['positive', 'Positive'], ['neutral', 'Neutral'], ['negative', 'Negative']]} />
        <Select label="Least score" value={f.get('min_score')} onChange={(min_score) => f.set({ min_score })}
          options={[['', 'Any score'], ['1', 'Scored'], ['50', '50 and more'], ['70', '70 and more'], ['90', '90 and more']]} />
      </div>
      {reasonFilter ? <Refused code={reasonFilter} symbol={f.get('symbol')} min={f.get('min_score')} /> : <List f={f} />}
    </>
  );
}

function List({ f }: { f: ReturnType<typeof useFilters> }) {
  const pair = usePair();
  const threshold = useThreshold();
  const path = apiPath('/api/tweets', {
    limit: 50, q: f.get('q'), author: f.get('author'), symbol: pair(f.get('symbol')), label: f.get('label'), min_score: f.get('min_score'), outcome: f.get('outcome'),
  });
  const pages = usePages<'tweets', Tweet>(path, 'tweets', { every: 6000, on: ['post', 'signal', 'trade'] });
  const outcome = f.get('outcome');
  return (
    <Card title={outcome ? `Posts that ended as “${reason(outcome).short}”` : 'Newest first'} q={pages.q} rows={10}
      empty={() => (pages.rows.length === 0 && !pages.more ? <Empty title="No post fits">Loosen the filters, or wait for the next post.</Empty> : null)}>
      {() => (
        <>
          <ul>{pages.rows.map((t) => <Row key={t.id} t={t} threshold={threshold} />)}</ul>
          <More pages={pages} what="posts" />
        </>
      )}
    </Card>
  );
}

function Row({ t, threshold }: { t: Tweet; threshold: number | null }) {
  const r = reason(t.outcome);
  return (
    <li data-post={t.id} className="grid gap-x-6 gap-y-2 border-b border-line px-4 py-3 last:border-0 hover:bg-raised/50 lg:grid-cols-[11rem_minmax(0,1fr)_22rem]">
      <div className="flex min-w-0 items-baseline gap-2 text-sm lg:block">
        <span className="block min-w-0 truncate"><AuthorLink t={t} /></span>
        <div className="text-xs text-muted">{t.source} · <Time at={t.created_at} past /></div>
      </div>
      <div className="min-w-0">
        <Link href={`/post?id=${t.id}`} className={`line-clamp-3 break-words hover:underline hover:decoration-line-strong ${t.deleted ? 'italic text-muted' : ''}`}>{t.deleted ? 'This post was deleted.' : t.text}</Link>
        {(t.edited || t.missed) && <div className="mt-1 flex gap-1.5">{t.edited && <Badge>edited</Badge>}{t.missed && <Badge title="Fetched after a gap; never traded">missed</Badge>}</div>}
      </div>
      <div className="space-y-1">
        {t.signals?.map((s) => <SignalLine key={s.id} s={s} threshold={threshold} />)}
        {!t.signals?.length && (
          <div className="flex flex-wrap items-center gap-2 text-sm">
            {t.label && <span className="text-muted">reads {t.label}</span>}
            {t.outcome ? <Badge title={r.long}>{r.short}</Badge> : t.label ? null : <span className="text-muted">not read yet</span>}
          </div>
        )}
      </div>
    </li>
  );
}

/** Signals that were refused for one reason. */
function Refused({ code, symbol, min }: { code: string; symbol: string; min: string }) {
  const threshold = useThreshold();
  const pair = usePair();
  const pages = usePages<'signals', Signal>(apiPath('/api/signals', { limit: 50, reason: code, symbol: pair(symbol), min_score: min }), 'signals', { every: 6000, on: ['signal'] });
  const r = reason(code);
  return (
    <Card title={`Signals refused: ${r.short}`} q={pages.q} rows={8} aside={r.key && <Link className="text-xs text-accent underline" href={`/settings?key=${r.key}`}>{r.key}</Link>}
      empty={() => (pages.rows.length === 0 && !pages.more ? <Empty title="None was refused for this">{r.long}</Empty> : null)}>
      {() => (
        <>
          <p className="border-b border-line px-4 py-2 text-sm text-muted">{r.long}</p>
          <ul>
            {pages.rows.map((s) => (
              <li key={s.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-4 py-2.5 text-sm last:border-0">
                <Score value={s.score} side={s.side} threshold={threshold} />
                <Coin symbol={s.symbol} /><Side side={s.side} />
                <VerdictBadge verdict={s.verdict} why={s.reason} trade={s.trade_id} />
                <Link href={`/post?id=${s.tweet_id}`} className="text-accent underline">post of {s.username ? `@${s.username}` : s.author}</Link>
                <span className="ml-auto text-xs text-muted"><Time at={s.created_at} /></span>
              </li>
            ))}
          </ul>
          <More pages={pages} what="signals" />
        </>
      )}
    </Card>
  );
}
