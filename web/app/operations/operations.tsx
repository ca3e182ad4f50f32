'use client';
// What keeps it going: sources and what they cost, queues, breakers, workers, what could not be read,
// what was missed, and who did what.

import { useState } from 'react';
import { ApiError, get, post } from '@/data/client';
import { dollars, int, length, ms, title as words } from '@/data/format';
import { usePages } from '@/data/pages';
import { refresh, useApi } from '@/data/query';
import { useStatus, type Status } from '@/data/status';
import { apiPath, useFilters } from '@/data/url';
import type { AuditRow, Cost, DeadLetter, Gap, Health, Page, Source, Verification } from '@/data/types';
import { Badge, Button, Facts, Figure, Meter, Time, type Tone } from '@/ui/bits';
import { Card, Empty, PageTitle } from '@/ui/card';
import { Confirm } from '@/ui/dialog';
import { More } from '@/ui/more';
import { SearchField } from '../posts/posts';
import { AuditList } from '../trade/trade';
import { Breakers, Queues, Workers } from './queues';

export function Operations() {
  return (
    <>
      <PageTitle title="Operations" />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1.5fr)_minmax(0,1fr)]">
        <div className="grid min-w-0 gap-4"><Sources /><Queues /><DeadLetters /><Gaps /></div>
        <div className="grid min-w-0 gap-4"><HealthCard /><Told /><Breakers /><Workers /><CostCard /></div>
      </div>
      <div className="mt-4"><Audit /></div>
    </>
  );
}

const CHECKS: Record<string, string> = { database: 'Store', twitter_api: 'X', bluesky: 'Bluesky', binance_api: 'Exchange', redis: 'Queue between processes', analyze: 'Readers for what waits', posts_queue: 'Posts to be read', trade: 'A trader for what waits', readings_queue: 'Posts to be decided on' };

const STAGES = ['analyze', 'posts_queue', 'trade', 'readings_queue']; // not what is asked, but how it stands there

function HealthCard() {
  const q = useApi<Health>('/health', { every: 5000 });
  return (
    <Card title="Is everything reachable?" q={q} rows={2} pad>
      {(h) => (
        <ul className="space-y-1.5 text-sm">
          {Object.entries(h.checks).map(([name, ok]) => {
            const word = STAGES.includes(name) ? 'well' : 'reachable';
            const cause = h.causes.find((c) => c.check === name);
            return (
              <li key={name}>
                <div className="flex items-center gap-2"><Badge tone={ok ? 'up' : 'down'} icon={ok ? 'ok' : 'stop'}>{ok ? word : `not ${word}`}</Badge>{CHECKS[name] ?? words(name)}</div>
                {cause && <p className="mt-0.5 break-words text-xs text-muted">{cause.why}</p>}
              </li>
            );
          })}
          <li className="pt-1 text-xs text-muted">Version {h.version}</li>
        </ul>
      )}
    </Card>
  );
}

const CHANNEL: Record<Status['notify']['channels'][number]['state'], { tone: Tone; word: string }> = {
  new: { tone: 'plain', word: 'nothing sent yet' },
  well: { tone: 'up', word: 'gets through' },
  retrying: { tone: 'warn', word: 'being tried again' },
  refused: { tone: 'down', word: 'refused' },
};

function Told() {
  const q = useStatus();
  return (
    <Card title="Who is told" q={q} rows={2} pad>
      {({ notify }) => (
        <>
          {!notify.told && <p className="text-sm"><Badge tone="warn" icon="warn">nobody</Badge> <span>{notify.why}</span></p>}
          <ul className="space-y-1.5 text-sm">
            {notify.channels.map((c) => (
              <li key={c.name} data-channel={c.name}>
                <Badge tone={CHANNEL[c.state].tone}>{CHANNEL[c.state].word}</Badge> {words(c.name)}
                {c.sent_at && <span className="text-xs text-muted">, last <Time at={c.sent_at} /></span>}
                {c.why && <p className="break-words text-muted">{c.why}</p>}
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

const SOURCE_TONE: Record<Source['state'], Tone> = {
  live: 'up', starting: 'plain', ended: 'plain', retrying: 'warn', limited: 'warn', connections: 'warn', budget: 'warn',
  broken: 'down', usage_cap: 'down', credits: 'down', spend_cap: 'down', token: 'down', forbidden: 'down', config: 'down',
};

function Sources() {
  const q = useApi<{ sources: Source[] }>('/api/sources', { every: 5000, on: ['source'] });
  return (
    <Card title="Sources" q={q} empty={(d) => (d.sources.length === 0 ? <Empty title="No live source">Posts come from a file, or none is configured (sources in the configuration).</Empty> : null)}>
      {(d) => (
        <ul>
          {d.sources.map((s) => (
            <li key={s.feed} className="border-b border-line p-4 last:border-0" data-source={s.feed}>
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <b>{s.feed}</b>
                <Badge tone={SOURCE_TONE[s.state]} icon={s.state === 'live' ? 'ok' : SOURCE_TONE[s.state] === 'down' ? 'stop' : undefined}>{s.state.replace('_', ' ')}</Badge>
                {s.narrow && <Badge tone="warn" title="Asks for less to stay within the budget">narrow</Badge>}
                <span className="ml-auto text-xs text-muted">said so <Time at={s.updated_at} /></span>
              </div>
              {s.why && <p className="mt-1 text-sm">{s.why}{s.until && <> Until <Time at={s.until} />.</>}</p>}
              <dl className="mt-3 grid grid-cols-2 gap-3 text-sm sm:grid-cols-5">
                {([['Posts today', int(s.posts_today)], ['Stored in all', int(s.posts_stored)], ['Fetched late', int(s.missed)], ['Calls, failed', `${int(s.calls)}, ${int(s.failures)}`], ['Blind today', length(s.blind_seconds_today * 1000)]] as const).map(([k, v]) => (
                  <div key={k}><dt className="text-xs text-muted">{k}</dt><dd className="font-medium">{v}</dd></div>
                ))}
              </dl>
              <p className="mt-2 text-xs text-muted">Last post <Time at={s.last_post_at} />, last sign of life <Time at={s.last_sign_at} /></p>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function CostCard() {
  const q = useApi<Cost>('/api/cost', { every: 30_000, on: ['source'] });
  return (
    <Card title="What posts cost this month" q={q} rows={3} pad>
      {(c) => {
        const budget = Number(c.budget);
        return (
          <div className="space-y-3">
            <div className="grid grid-cols-3 gap-3">
              <Figure label="Spent" sub={`of ${dollars(c.budget)}`}>{dollars(c.spent)}</Figure>
              <Figure label="Today">{dollars(c.today)}</Figure>
              <Figure label="At this pace" sub="by the month’s end">{dollars(c.projected)}</Figure>
            </div>
            <Meter label="Budget used" share={budget > 0 ? Number(c.spent) / budget : 0} />
            <Facts rows={[
              ['Billed', `${int(c.posts)} posts`],
              ['May be spent now', dollars(c.allowed)],
              ['Asks for', c.level === 'full' ? 'everything' : c.level === 'narrow' ? 'less, to stay within the budget' : 'nothing: the budget is out'],
              c.reported.days > 0 && ['X counts', `${int(c.reported.posts)} posts where we count ${int(c.reported.ours)}`],
              ...c.signals.map((s) => [`Per trade, ${s.source}`, s.per_signal ? `${dollars(s.per_signal)} for each of ${int(s.traded)}` : 'no trade yet'] as const),
            ]} />
          </div>
        );
      }}
    </Card>
  );
}

function DeadLetters() {
  const q = useApi<Page<'dead_letters', DeadLetter>>('/api/dead_letters?status=dead&limit=50', { every: 15_000, on: ['alert', 'command'] });
  const [ask, setAsk] = useState<{ letter: DeadLetter | null; verb: 'retry' | 'drop' } | null>(null); // no letter: all of them
  const [result, setResult] = useState<string | null>(null);
  const send = async (verb: 'retry' | 'drop', letter: DeadLetter | null) => {
    if (letter) return (await post<{ text?: string }>(`/api/dead_letters/${verb}`, { id: letter.id })).data.text ?? 'Done.';
    const { data } = await post<{ done: number; failed: number; more: boolean }>(`/api/dead_letters/${verb}_all`, {});
    return `${int(data.done)} ${verb === 'drop' ? 'dropped' : 'retried'}${data.failed ? `, ${int(data.failed)} could not be` : ''}${data.more ? '; there are more' : ''}.`;
  };
  return (
    <Card title="Dead letters" q={q} rows={2} aside={<span className="text-xs text-muted">what could not be used or done</span>}
      empty={(d) => (d.dead_letters.length === 0 && !result ? <Empty title="None">Everything that came in could be read.</Empty> : null)}>
      {(d) => (
        <>
          {result && <p role="status" className="border-b border-line bg-raised px-4 py-2 text-sm">{result}</p>}
          {d.dead_letters.length > 1 && (
            <div className="flex justify-end gap-2 border-b border-line px-4 py-2">
              <Button small onClick={() => setAsk({ letter: null, verb: 'retry' })}>Retry all</Button>
              <Button small onClick={() => setAsk({ letter: null, verb: 'drop' })}>Drop all</Button>
            </div>
          )}
          <ul>
            {d.dead_letters.map((l) => (
              <li key={l.id} className="border-b border-line px-4 py-3 text-sm last:border-0" data-letter={l.id}>
                <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                  <b>{l.source}</b><span className="text-muted">{l.kind}</span>
                  <span className="text-xs text-muted"><Time at={l.last_at} />{l.attempts > 1 && `, ${l.attempts} tries`}</span>
                  <span className="ml-auto flex gap-2">
                    <Button small onClick={() => setAsk({ letter: l, verb: 'retry' })}>Retry</Button>
                    <Button small onClick={() => setAsk({ letter: l, verb: 'drop' })}>Drop</Button>
                  </span>
                </div>
                <p className="mt-1 break-words">{l.error}</p>
                {l.history.length > 1 && (
                  <details className="mt-1.5 text-xs text-muted">
                    <summary>{l.history.length} tries</summary>
                    <ol className="mt-1 grid gap-0.5">
                      {l.history.map((t, i) => <li key={i} className="break-words"><Time at={t.at} /> {t.who}: {t.error || 'it went well'}</li>)}
                    </ol>
                  </details>
                )}
                {l.payload && <pre tabIndex={0} role="region" aria-label="Its content" className="scroll-thin mt-1.5 max-h-24 overflow-auto whitespace-pre-wrap break-all rounded bg-raised p-2 font-mono text-xs">{l.payload.slice(0, 2000)}</pre>}
              </li>
            ))}
          </ul>
          <Confirm open={ask !== null} danger={ask?.verb === 'drop'} title={`${ask?.verb === 'drop' ? 'Drop' : 'Try again'}: ${ask?.letter ? 'this letter' : 'all letters'}?`} verb={ask?.verb === 'drop' ? 'Drop' : 'Retry'} onClose={() => setAsk(null)}
            onConfirm={async () => {
              if (ask) setResult(await send(ask.verb, ask.letter));
              refresh('/api/dead_letters', '/api/status', '/api/audit');
            }}>
            {ask?.verb === 'drop'
              ? <p>What is dropped is marked as dealt with and leaves this list. Its row stays in the store for a while.</p>
              : <p>What is a post now is read and stored as too old to trade; it never opens anything.</p>}
          </Confirm>
        </>
      )}
    </Card>
  );
}

function Gaps() {
  const q = useApi<Page<'gaps', Gap>>('/api/gaps?limit=20', { every: 30_000, on: ['source'] });
  return (
    <Card title="Gaps" q={q} rows={2} aside={<span className="text-xs text-muted">what a source did not see</span>} empty={(d) => (d.gaps.length === 0 ? <Empty title="None">No source missed anything.</Empty> : null)}>
      {(d) => (
        <ul>
          {d.gaps.map((g) => (
            <li key={g.id} className="border-b border-line px-4 py-2.5 text-sm last:border-0">
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <b>{g.source}</b><Badge tone={g.state === 'lost' || g.state === 'open' ? 'warn' : 'plain'}>{g.state}</Badge>
                <span className="text-muted">{length((ms(g.until_at) ?? 0) - (ms(g.from_at) ?? 0))}{g.posts ? `, ${int(g.posts)} posts fetched afterwards` : ''}</span>
                <span className="ml-auto text-xs text-muted"><Time at={g.from_at} /></span>
              </div>
              <p className="break-words text-muted">{g.what}</p>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Audit() {
  const f = useFilters();
  const pages = usePages<'audit', AuditRow>(apiPath('/api/audit', { limit: 50, actor: f.get('actor'), entity: f.get('entity') }), 'audit', { every: 15_000, on: ['trade', 'mode', 'command'] });
  const [check, setCheck] = useState<string | null>(null);
  const [bad, setBad] = useState(false);
  const verify = async () => {
    setCheck('Checking…');
    try {
      const { data: v } = await get<Verification>('/api/audit/verify');
      setBad(!v.valid);
      setCheck(v.valid ? `All ${int(v.rows)} rows are as they were written${v.pruned > 0 ? `; ${int(v.pruned)} before them were let go of for their age` : ''}.` : `Row ${v.first_bad_id} is not as it was written: ${v.detail}`);
    } catch (e) {
      setBad(true);
      setCheck(e instanceof ApiError ? e.message : String(e));
    }
  };
  return (
    <Card title="Audit log" q={pages.q} rows={6} aside={<>
      <span role="status" className={`text-xs ${bad ? 'text-down' : 'text-muted'}`}>{check}</span>
      <Button small onClick={() => void verify()}>Verify the chain</Button>
    </>}>
      {() => (
        <>
          <div className="flex flex-wrap gap-2 border-b border-line px-4 py-2">
            <SearchField label="Actor" value={f.get('actor')} onChange={(actor) => f.set({ actor })} width="w-40" />
            <SearchField label="About (order, trade, control …)" value={f.get('entity')} onChange={(entity) => f.set({ entity })} width="w-60" />
          </div>
          <AuditList rows={pages.rows} />
          <More pages={pages} what="entries" />
        </>
      )}
    </Card>
  );
}
