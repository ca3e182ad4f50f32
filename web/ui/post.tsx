'use client';
// A post and what became of it, as the feed, the list and the trade's page show it.

import { reason } from '@/data/reasons';
import type { SignalBrief, Tweet, Verdict } from '@/data/types';
import { Badge, Coin, Side, Score, Time } from './bits';
import { Link } from './link';

export function VerdictBadge({ verdict, why, trade }: { verdict: Verdict; why: string | null; trade?: string | null }) {
  if (verdict === 'traded') {
    const badge = <Badge tone="up" icon="ok">traded</Badge>;
    return trade ? <Link href={`/trade?id=${trade}`} className="inline-flex min-h-6 items-center">{badge}</Link> : badge;
  }
  if (verdict === 'waiting') return <Badge tone="warn" icon="wait">waiting</Badge>;
  const r = reason(why);
  return <Badge title={`${r.long} (${why})`}>{r.short || 'refused'}</Badge>;
}

export function SignalLine({ s, threshold }: { s: SignalBrief; threshold?: number | null }) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
      <Score value={s.score} side={s.side} threshold={threshold} />
      <Coin symbol={s.symbol} />
      <Side side={s.side} />
      <VerdictBadge verdict={s.verdict} why={s.reason} trade={s.trade_id} />
    </div>
  );
}

/** Who wrote it: by name, else by the id that the source has for him. */
export function Author({ t }: { t: { username: string | null; author_id?: string | null } }) {
  return <span className="min-w-0 truncate font-medium">{t.username ? `@${t.username}` : (t.author_id ?? 'unknown author')}</span>;
}

/** The page that tells of him. */
export function authorHref(t: { username: string | null; source?: string; author_id?: string | null }): string | null {
  const id = t.source && t.author_id ? `${t.source}:${t.author_id}` : t.username;
  return id ? `/authors?id=${encodeURIComponent(id)}` : null;
}

/** His name, leading there. */
export function AuthorLink({ t }: { t: { username: string | null; source?: string; author_id?: string | null } }) {
  const href = authorHref(t);
  return href ? <Link href={href} className="inline-flex min-w-0 max-w-full hover:underline"><Author t={t} /></Link> : <Author t={t} />;
}

export function PostItem({ t, threshold, fresh = false, place }: { t: Tweet; threshold?: number | null; fresh?: boolean; place: number }) {
  const r = reason(t.outcome);
  return (
    <article className={`border-b border-line px-4 py-3 last:border-0 ${fresh ? 'arrive' : ''}`} data-post={t.id} aria-posinset={place} aria-setsize={-1} aria-label={`Post of ${t.username ?? 'unknown author'}`}>
      <div className="flex items-baseline gap-2 text-sm">
        <AuthorLink t={t} />
        <span className="shrink-0 text-xs text-muted">{t.source}</span>
        <span className="ml-auto text-xs text-muted"><Time at={t.created_at} past /></span>
      </div>
      <Link href={`/post?id=${t.id}`} className="mt-0.5 block hover:underline hover:decoration-line-strong">
        <p className={`line-clamp-3 break-words text-sm normal-nums ${t.deleted ? 'italic text-muted' : ''}`}>{t.deleted ? 'This post was deleted.' : t.text}</p>
      </Link>
      <div className="mt-1.5 space-y-1">
        {t.signals?.map((s) => <SignalLine key={s.id} s={s} threshold={threshold} />)}
        {!t.signals?.length && (t.outcome
          ? <Badge title={r.long}>{r.short}</Badge>
          : <span className="text-xs text-muted">{t.label ? `reads ${t.label}` : 'not read yet'}</span>)}
      </div>
    </article>
  );
}
