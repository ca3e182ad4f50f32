'use client';
// Who writes: what came of each author's opinions, what they weigh, what trading on them earned, and
// whether they rest. With ?id= one of them, above the others.

import { int, ms, percent } from '@/data/format';
import { useProgramNow } from '@/data/now';
import { usePages } from '@/data/pages';
import { useApi } from '@/data/query';
import type { AuthorRow, AuthorWhole } from '@/data/types';
import { apiPath, useFilters } from '@/data/url';
import { Badge, Facts, Figure, Pnl, Share, Time } from '@/ui/bits';
import { Card, Empty, PageTitle } from '@/ui/card';
import { Link } from '@/ui/link';
import { More } from '@/ui/more';
import { DataTable, type Columns } from '@/ui/table';
import { SearchField } from '../posts/posts';

const nameOf = (a: { username: string | null; key: string }) => (a.username ? `@${a.username}` : a.key);
const keyOf = (a: AuthorRow) => a.key;
const hitShare = (a: AuthorRow) => (a.recent > 0 ? a.hits / a.recent : null);

/** Until when nothing that they write is traded; nothing where they do not rest. */
function Rest({ until }: { until: string | null }) {
  const now = useProgramNow();
  const t = ms(until);
  if (t === null || now === 0 || t <= now) return <span className="text-muted">–</span>;
  return <Badge tone="warn" icon="wait">ends <Time at={until} /></Badge>;
}

function PostsLink({ a, children }: { a: { username: string | null }; children: React.ReactNode }) {
  if (!a.username) return <>{children}</>;
  return <Link href={`/posts?author=${encodeURIComponent(a.username)}`} className="underline decoration-line-strong hover:decoration-current" title={`Posts of @${a.username}`}>{children}</Link>;
}

const columns: Columns<AuthorRow> = [
  { id: 'author', header: 'Author', accessorFn: (a) => nameOf(a).toLowerCase(), cell: ({ row }) => <Link href={`/authors?id=${encodeURIComponent(row.original.key)}`} className="block max-w-40 truncate font-medium hover:underline sm:max-w-56" title={row.original.key}>{nameOf(row.original)}</Link>, meta: { csv: (a) => a.username ?? a.key } },
  { id: 'key', header: 'Key', accessorKey: 'key', cell: ({ row }) => <span className="font-mono text-xs">{row.original.key}</span>, meta: { hidden: true, csv: (a) => a.key } },
  { id: 'posts', header: 'Posts', accessorKey: 'posts', cell: ({ row }) => <PostsLink a={row.original}>{int(row.original.posts)}</PostsLink>, meta: { right: true, csv: (a) => a.posts } },
  { id: 'signals', header: 'Outcomes', accessorKey: 'signals', cell: ({ row }) => int(row.original.signals), meta: { right: true, csv: (a) => a.signals } },
  { id: 'hits', header: 'Right', accessorFn: (a) => hitShare(a) ?? -1, cell: ({ row }) => { const h = hitShare(row.original); return h === null ? <span className="text-muted">–</span> : <span title={`${row.original.hits} of the last ${row.original.recent}`}>{percent(h, 0)}</span>; }, meta: { right: true, csv: hitShare } },
  { id: 'return', header: 'Mean return', accessorFn: (a) => Number(a.mean_return), cell: ({ row }) => (row.original.recent > 0 ? <Share value={row.original.mean_return} sign /> : <span className="text-muted">–</span>), meta: { right: true, csv: (a) => a.mean_return } },
  { id: 'weight', header: 'Weight', accessorKey: 'weight', cell: ({ row }) => <span className={row.original.weight < 1 ? 'text-warn' : ''}>{row.original.weight.toFixed(2)}</span>, meta: { right: true, csv: (a) => a.weight } },
  { id: 'trades', header: 'Trades', accessorKey: 'trades', cell: ({ row }) => int(row.original.trades), meta: { right: true, csv: (a) => a.trades } },
  { id: 'pnl', header: 'Profit', accessorFn: (a) => Number(a.pnl), cell: ({ row }) => (row.original.trades > 0 ? <Pnl value={row.original.pnl} className="font-semibold" /> : <span className="text-muted">–</span>), meta: { right: true, csv: (a) => a.pnl } },
  { id: 'last', header: 'Last post', accessorFn: (a) => ms(a.last_post_at) ?? 0, cell: ({ row }) => <Time at={row.original.last_post_at} past />, meta: { csv: (a) => a.last_post_at } },
  { id: 'rests', header: 'Rests', accessorFn: (a) => ms(a.rests_until) ?? 0, cell: ({ row }) => <Rest until={row.original.rests_until} />, meta: { csv: (a) => a.rests_until } },
];

export function Authors() {
  const f = useFilters();
  const id = f.get('id');
  const pages = usePages<'authors', AuthorRow>(apiPath('/api/authors', { limit: 100, q: f.get('q') }), 'authors', { every: 10_000, on: ['trade'], id: keyOf });
  return (
    <>
      <PageTitle title="Authors">{id && <Link href="/authors" className="text-sm text-accent hover:underline">All authors</Link>}</PageTitle>
      {id && <One id={id} />}
      <Card title={id ? 'All authors' : 'Who writes'} q={pages.q} rows={10} aside={<span className="text-xs text-muted">most outcomes first</span>}
        empty={() => (pages.rows.length === 0 && !f.get('q') ? <Empty title="Nobody yet">An author is here once a post was judged.</Empty> : null)}>
        {() => (
          <>
            <DataTable name="authors" label="Authors" rows={pages.rows} columns={columns} idOf={keyOf} part={pages.more !== null} csv="bullfinch-authors.csv"
              tools={<SearchField label="Name or key" value={f.get('q')} onChange={(q) => f.set({ q })} width="w-56" />} />
            {pages.rows.length === 0 && <Empty title="No author fits">Loosen the filter.</Empty>}
            <More pages={pages} what="authors" />
          </>
        )}
      </Card>
    </>
  );
}

function One({ id }: { id: string }) {
  const q = useApi<AuthorWhole>(`/api/author?id=${encodeURIComponent(id)}`, { every: 10_000, on: ['signal', 'trade'] });
  return (
    <Card title={q.data ? nameOf(q.data) : id} q={q} rows={5} pad className="mb-4">
      {(a) => (
        <div className="grid gap-x-8 gap-y-5 xl:grid-cols-[minmax(0,1fr)_minmax(0,1.2fr)]" data-author={a.key}>
          <div className="grid grid-cols-2 gap-4 self-start sm:grid-cols-4">
            <Figure label="Profit" sub={`${int(a.trades)} ${a.trades === 1 ? 'trade' : 'trades'}`}><Pnl value={a.pnl} /></Figure>
            <Figure label="Was right" sub={a.recent > 0 ? `${int(a.hits)} of the last ${int(a.recent)}` : 'no outcome yet'}>{a.recent > 0 ? percent(a.hits / a.recent, 0) : '–'}</Figure>
            <Figure label="Mean return" sub="of following them">{a.recent > 0 ? <Share value={a.mean_return} sign /> : '–'}</Figure>
            <Figure label="Posts" sub={<>last <Time at={a.last_post_at} past /></>}><PostsLink a={a}>{int(a.posts)}</PostsLink></Figure>
          </div>
          <Facts rows={[
            ['Weight', <span key="w">{(a.terms.weight * a.weight).toFixed(2)} <span className="text-muted">= {a.terms.weight.toFixed(2)} {a.terms.listed ? 'as it is set' : 'as for everybody'} × {a.weight.toFixed(2)} by their record</span></span>],
            ['Traded?', <span key="t">{a.terms.muted ? <Badge tone="down" icon="stop">muted</Badge> : a.terms.stranger ? <Badge tone="warn" icon="skip">a stranger, never traded</Badge> : a.terms.weight === 0 ? <Badge tone="warn" icon="skip">weighs nothing</Badge> : <Badge tone="up" icon="ok">may be</Badge>} <Link href={`/why?author=${encodeURIComponent(a.key)}`} className="ml-1 text-accent underline">Why not?</Link> <Link href={`/settings?key=${a.terms.muted ? 'trading.muted_authors' : 'judge.author_weights'}`} className="ml-1 text-accent underline">Setting</Link></span>],
            ['Last trade', <Time key="l" at={a.last_trade_at} past />],
            ['Rests', <Rest key="r" until={a.rests_until} />],
            ['Outcomes', `${int(a.signals)} counted${a.dropped > 0 ? `, ${int(a.dropped)} that nobody knows` : ''}`],
            ['Key', <span key="k" className="break-all font-mono text-xs">{a.key}</span>],
          ]} />
        </div>
      )}
    </Card>
  );
}
