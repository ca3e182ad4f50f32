'use client';
// Why is it not trading? The chain from the source to the order, in the order in which a post meets it,
// with the first that holds things up on top.

import { usePair } from '@/data/pairs';
import { useApi, type Query } from '@/data/query';
import { apiPath, useFilters } from '@/data/url';
import type { FunnelData, Why, WhyStep } from '@/data/types';
import { Badge, Button, Time } from '@/ui/bits';
import { Card, PageTitle } from '@/ui/card';
import { Icon } from '@/ui/icons';
import { Link } from '@/ui/link';
import { Tallies } from '../overview';
import { CoinField, SearchField } from '../posts/posts';

const NAMES: Record<WhyStep['step'], string> = {
  trader: 'Trader', source: 'Source', post: 'Post', model: 'Model', threshold: 'Threshold', author: 'Author', symbol: 'Coin', halt: 'Halt', mode: 'Mode',
  drawdown: 'Day’s loss', positions: 'Positions', position: 'Position', cooldown_symbol: 'Coin’s rest', cooldown_author: 'Author’s rest', author_cap: 'Author’s cap',
  price: 'Price', venue: 'Exchange', balance: 'Balance', approvals: 'Approvals', last_signal: 'Last signal',
};
/** What a person can do about it, where that is not a setting. */
const ACTS: Record<string, readonly [string, string]> = {
  halt: ['/risk', 'Resume'], approvals: ['/risk', 'Decide'], source: ['/operations', 'Sources'], position: ['/symbol', 'The position'], trader: ['/operations', 'Workers'], post: ['/operations', 'Sources'],
};

export function WhyPage() {
  const f = useFilters();
  const symbol = f.get('symbol'), author = f.get('author');
  const pair = usePair();
  const q = useApi<Why>(apiPath('/api/why', { symbol: pair(symbol), author }), { every: 5000, on: ['mode', 'trade', 'source', 'signal', 'command', 'position'] });
  return (
    <>
      <PageTitle title="Why is it not trading?" />
      <div role="search" aria-label="Ask about one coin or author" className="mb-4 flex flex-wrap items-center gap-2">
        <CoinField value={symbol} onChange={(s) => f.set({ symbol: s })} />
        <SearchField label="Author" value={author} onChange={(a) => f.set({ author: a.replace(/^@/, '') })} width="w-40" />
        {(symbol || author) && <Button small onClick={() => f.set({ symbol: '', author: '' })}>Ask about all</Button>}
      </div>
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1.4fr)_minmax(0,1fr)]">
        <Chain q={q} />
        <Ended />
      </div>
    </>
  );
}

function Chain({ q }: { q: Query<Why> }) {
  return (
    <Card title="From the source to the order" q={q} rows={10}>
      {(d) => (
        <>
          <Answer first={d.first} />
          <ol>{d.steps.map((s, i) => <Row key={i} s={s} first={d.first !== null && d.steps.findIndex((x) => x.ok === 'no') === i} />)}</ol>
        </>
      )}
    </Card>
  );
}

function Answer({ first }: { first: WhyStep | null }) {
  if (!first)
    return (
      <div data-testid="answer" className="flex items-start gap-3 border-b border-line bg-up-soft px-4 py-4">
        <Icon name="ok" className="mt-1 text-up" />
        <div><p className="text-lg font-semibold">Nothing holds it up.</p><p className="text-sm">The next post that scores high enough is acted on.</p></div>
      </div>
    );
  return (
    <div data-testid="answer" className="flex items-start gap-3 border-b border-line bg-down-soft px-4 py-4">
      <Icon name="stop" className="mt-1 text-down" />
      <div className="min-w-0 flex-1">
        <p className="text-lg font-semibold first-letter:uppercase">{first.text}.</p>
        <p className="text-sm">{first.since && <>Since <Time at={first.since} />. </>}{first.until && <>It ends <Time at={first.until} />. </>}This is the first thing in the way.</p>
        <Links s={first} />
      </div>
    </div>
  );
}

function Links({ s }: { s: WhyStep }) {
  const act = ACTS[s.step];
  if (!s.setting && !act) return null;
  return (
    <p className="mt-1 flex flex-wrap gap-x-4 text-sm">
      {act && s.ok !== 'yes' && <Link href={act[0]} className="text-accent underline">{act[1]}</Link>}
      {s.setting && <Link href={`/settings?key=${s.setting}`} className="text-accent underline">{s.setting}</Link>}
    </p>
  );
}

function Row({ s, first }: { s: WhyStep; first: boolean }) {
  const tone = s.ok === 'yes' ? 'text-up' : s.ok === 'no' ? 'text-down' : 'text-muted';
  return (
    <li data-step={s.step} data-ok={s.ok} className={`grid grid-cols-[1.25rem_minmax(0,1fr)] gap-x-3 border-b border-line px-4 py-2.5 text-sm last:border-0 sm:grid-cols-[1.25rem_8rem_minmax(0,1fr)] ${first ? 'bg-down-soft' : ''}`}>
      <span className={`mt-0.5 ${tone}`}><Icon name={s.ok === 'yes' ? 'ok' : s.ok === 'no' ? 'stop' : 'skip'} /><span className="sr-only">{s.ok === 'yes' ? 'fulfilled' : s.ok === 'no' ? 'holds it up' : 'not known here'}</span></span>
      <span className="font-medium">{NAMES[s.step]} {s.ok === 'unknown' && s.step !== 'last_signal' && <Badge>not known</Badge>}</span>
      <span className="col-start-2 min-w-0 sm:col-start-3">
        <span className="block first-letter:uppercase">{s.text}</span>
        {(s.since || s.until) && <span className="text-xs text-muted">{s.since && <Time at={s.since} />}{s.until && <> until <Time at={s.until} /></>}</span>}
        {(s.ok === 'no' || s.setting) && <Links s={s} />}
      </span>
    </li>
  );
}

/** Where posts ended lately: the other half of the answer. */
function Ended() {
  const q = useApi<FunnelData>('/api/funnel', { every: 10_000, on: ['signal', 'trade'] });
  return (
    <Card title="Where the posts of the last day ended" q={q} rows={4} pad>
      {(d) => (
        <>
          <p className="text-sm">{d.posts === 0 ? 'No post came in.' : <><b>{d.traded}</b> of <b>{d.posts}</b> posts were traded; <b>{d.over_threshold}</b> scored {d.threshold} or more.</>}</p>
          <Tallies title="Signals refused" rows={d.refused.map((r) => ({ code: r.reason, text: r.text, count: r.count, href: `/posts?reason=${r.reason}` }))} />
          <Tallies title="Posts without a signal" rows={d.not_scored.map((r) => ({ code: r.outcome, text: r.text, count: r.count, href: `/posts?outcome=${r.outcome}` }))} />
        </>
      )}
    </Card>
  );
}
