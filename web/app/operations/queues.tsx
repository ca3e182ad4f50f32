'use client';
// What waits where, what the threads are at, and which breakers are open.

import { exact, int, ms, span } from '@/data/format';
import { useApi } from '@/data/query';
import { useTick } from '@/data/now';
import type { Breaker, Operations, Page, Queue, Worker } from '@/data/types';
import { Badge, Meter, Time, type Tone } from '@/ui/bits';
import { Card, Empty } from '@/ui/card';
import type { IconName } from '@/ui/icons';

const useOperations = () => useApi<Operations>('/api/operations', { every: 3000, on: ['source', 'command', 'alert'] });

/** Why a part of it is not known here; nothing where all is. */
function Unknown({ d }: { d: Operations }) {
  return d.unknown && <p role="note" className="border-b border-line bg-raised px-4 py-2 text-sm"><Badge tone="warn" icon="skip">unknown</Badge> {words(d.unknown)}.</p>;
}

/** Names of threads and queues, in the words of the page. */
const words = (name: string) => name.slice(0, 1).toUpperCase() + name.slice(1);

export function Queues() {
  const q = useOperations();
  return (
    <Card title="Queues" q={q} rows={5} aside={<span className="text-xs text-muted">what waits, and since when</span>}>
      {(d) => (
        <>
          <Unknown d={d} />
          <ul>{d.queues.map((x) => <QueueRow key={x.name} q={x} by={d.at} />)}</ul>
        </>
      )}
    </Card>
  );
}

function QueueRow({ q, by }: { q: Queue; by: string }) {
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 border-b border-line px-4 py-2.5 text-sm last:border-0 sm:grid-cols-[minmax(0,1fr)_7rem_12rem]" data-queue={q.name} data-waiting={q.waiting}>
      <span className="min-w-0 break-words">{words(q.name)} <span className="text-xs text-muted">{q.where === 'store' ? 'in the store' : ''}</span></span>
      <span className="text-right"><b>{int(q.waiting)}</b>{q.capacity !== null && <span className="text-muted"> of {int(q.capacity)}</span>}</span>
      <span className="col-span-2 flex items-center gap-2 text-xs text-muted sm:col-span-1 sm:justify-end">
        {q.capacity !== null && q.oldest_at && <span className="w-16"><Meter label={`${q.name}: how full`} share={q.waiting / q.capacity} /></span>}
        {q.oldest_at ? <span className="whitespace-nowrap">oldest {q.where === 'store' ? <Time at={q.oldest_at} past /> : <Ago at={q.oldest_at} by={by} />}</span> : q.waiting > 0 ? 'wait for their time' : 'nothing waits'}
      </span>
    </li>
  );
}

const STATE: Record<Breaker['state'], [Tone, IconName, string]> = {
  closed: ['up', 'ok', 'closed'], open: ['down', 'stop', 'open'], 'half-open': ['warn', 'wait', 'half-open'], unknown: ['plain', 'skip', 'unknown'],
};

export function Breakers() {
  const q = useOperations();
  return (
    <Card title="Breakers" q={q} rows={3} aside={<span className="text-xs text-muted">what rests after failures</span>}
      empty={(d) => (d.breakers.length === 0 ? <Empty title="None">Posts come from a file or are brought, and orders are filled on paper: nobody is called who could fail.</Empty> : null)}>
      {(d) => (
        <ul>
          {d.breakers.map((b) => {
            const [tone, icon, word] = STATE[b.state];
            return (
              <li key={b.name} className="border-b border-line px-4 py-2.5 text-sm last:border-0" data-breaker={b.name} data-state={b.state}>
                <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                  <b>{b.of === 'venue' ? words(b.name) : b.name}</b><Badge tone={tone} icon={icon}>{word}</Badge>
                  {b.told_at && <span className="ml-auto text-xs text-muted">said so <Ago at={b.told_at} by={d.at} /></span>}
                </div>
                {b.state !== 'closed' && (
                  <p className="mt-1 break-words text-muted">
                    {b.why && <>{words(b.why)}. </>}
                    {b.since && <>Opened <Ago at={b.since} by={d.at} />. </>}
                    {b.state === 'open' && b.until && <>Tried again <Ago at={b.until} by={d.at} ahead />.</>}
                    {b.state === 'half-open' && 'One attempt decides.'}
                  </p>
                )}
                {b.state === 'closed' && (b.since || b.why) && <p className="mt-1 break-words text-xs text-muted">{b.since && <>It was open; closed <Ago at={b.since} by={d.at} />. </>}{b.why && <>{b.of === 'model' ? 'It was open' : 'Last failure'}: {b.why}.</>}</p>}
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}

/** How it stands with a worker: one that said nothing for 15 seconds is silent, one that is at a task for too long is stuck. */
const HEALTH: Record<Worker['health'], [Tone, IconName]> = {
  well: ['up', 'ok'], stopped: ['plain', 'skip'], silent: ['down', 'stop'], stuck: ['warn', 'warn'],
};

export function Workers() {
  const q = useApi<Page<'workers', Worker>>('/api/workers', { every: 5000 });
  const operations = useOperations().data;
  const now = useTick();
  const wall = now > 0 ? new Date(now).toISOString() : '';
  return (
    <Card title="Workers" q={q} rows={2} empty={(d) => (d.workers.length === 0 ? <Empty title="None has run yet" /> : null)}>
      {(d) => (
        <>
          <ul>
            {d.workers.map((w) => {
              const [tone, icon] = HEALTH[w.health];
              const over = w.health === 'stopped';
              return (
                <li key={w.name} className="border-b border-line px-4 py-2.5 text-sm last:border-0" data-worker={w.name} data-role={w.role} data-health={w.health}>
                  <div className="flex flex-wrap items-center gap-x-3">
                    <b>{words(w.role)}</b><span className="text-muted">{w.host && `${w.host}, `}pid {w.pid}</span>
                    <span className="ml-auto"><Badge tone={tone} icon={icon}>{w.health === 'well' ? w.state : w.health}</Badge></span>
                  </div>
                  {!over && w.task && <p className="mt-0.5 break-words">{words(w.task)} <span className="text-xs text-muted">since <Ago at={w.task_since} by={wall} /></span></p>}
                  <p className="mt-0.5 text-xs text-muted">
                    {int(w.done)} done{!over && `, ${int(w.per_minute)} a minute`}{w.failed > 0 && `, ${int(w.failed)} failed`}{w.memory !== null && `, ${int(Math.round(w.memory / 1048576))} MiB`}.
                    {' '}Started <Ago at={w.started_at} by={wall} />, {over ? <>stopped <Ago at={w.stopped_at} by={wall} /></> : <>last beat <Ago at={w.seen_at} by={wall} /></>}
                  </p>
                </li>
              );
            })}
          </ul>
          {operations && <Unknown d={operations} />}
          {operations && operations.tasks.length > 0 && (
            <table className="w-full border-t border-line text-sm">
              <caption className="sr-only">What the threads are at</caption>
              <thead className="text-left text-xs text-muted"><tr className="border-b border-line"><th scope="col" className="py-1.5 pl-4 pr-2 font-medium">Thread</th><th scope="col" className="px-2 font-medium">Is at</th><th scope="col" className="pl-2 pr-4 text-right font-medium">Since</th></tr></thead>
              <tbody>
                {operations.tasks.map((t) => (
                  <tr key={t.name} className="border-b border-line last:border-0" data-task={t.name}>
                    <th scope="row" className="py-2 pl-4 pr-2 text-left font-normal">{words(t.name)}</th>
                    <td className={`px-2 ${t.doing ? 'font-medium' : 'text-muted'}`}>{t.doing ?? 'waits for work'}</td>
                    <td className="whitespace-nowrap py-2 pl-2 pr-4 text-right text-xs text-muted"><Ago at={t.since} by={operations.at} /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </>
      )}
    </Card>
  );
}

/** How long ago, by the clock on the wall of the machine that answered (`by`): what stands in the
 * process has those times, in a replay too. */
function Ago({ at, by, ahead = false }: { at: string | null; by: string; ahead?: boolean }) {
  const t = ms(at), now = ms(by);
  if (t === null || now === null) return <>–</>;
  const left = ahead ? t - now : now - t;
  return <time dateTime={at ?? undefined} title={exact(at)} className="whitespace-nowrap">{left < 1000 ? (ahead ? 'now' : 'just now') : ahead ? `in ${span(left)}` : `${span(left)} ago`}</time>;
}
