'use client';
// How much of each limit is used, who decides, and the ways to stop it.

import { useState } from 'react';
import { coin, exact, ms, span } from '@/data/format';
import { ApiError, post } from '@/data/client';
import { usePositions } from '@/data/positions';
import { refresh, useApi } from '@/data/query';
import { useStatus } from '@/data/status';
import { useProgramNow } from '@/data/now';
import type { Approval, AuditRow, Page } from '@/data/types';
import { Badge, Button, Coin, Meter, Pnl, Price, Score, Side, Time } from '@/ui/bits';
import { Card, Empty, PageTitle } from '@/ui/card';
import { FlattenButton, HaltButton, MODES, ModeSwitch, ResumeButton } from '@/ui/control';
import { Link } from '@/ui/link';
import { CloseButton } from '../trade/trade';
import { Limits } from './limits';

export function Risk() {
  return (
    <>
      <PageTitle title="Risk" />
      <div className="grid items-start gap-4 xl:grid-cols-2 min-[120rem]:grid-cols-3">
        <div className="grid min-w-0 gap-4"><Control /><Approvals /></div>
        <div className="grid min-w-0 gap-4"><Limits /></div>
        <div className="grid min-w-0 gap-4 xl:max-[120rem]:col-span-2 xl:max-[120rem]:grid-cols-2"><Held /><ModeHistory /></div>
      </div>
    </>
  );
}

function Control() {
  const q = useStatus();
  return (
    <Card title="Who decides" q={q} pad>
      {(s) => {
        const mode = s.mode?.mode ?? 'observe';
        return (
          <div className="space-y-4">
            <div>
              <p className="text-lg font-semibold">{MODES[mode].name}</p>
              <p className="text-sm text-muted">{MODES[mode].what}</p>
              {s.mode && (
                <p className="mt-1 text-sm">
                  {s.mode.since ? <>Since <Time at={s.mode.since} /></> : 'Set'}{s.mode.actor && <> by <b>{s.mode.actor}</b></>}{s.mode.reason && <>: “{s.mode.reason}”</>}
                  {s.mode.until && <>, until <Time at={s.mode.until} /></>}
                </p>
              )}
            </div>
            <ModeSwitch mode={mode} />
            <div className="flex flex-wrap gap-2 border-t border-line pt-4">
              {mode === 'halted' ? <ResumeButton /> : <HaltButton open={s.counts.open_positions} />}
              <FlattenButton />
            </div>
          </div>
        );
      }}
    </Card>
  );
}

function Approvals() {
  const q = useApi<Page<'approvals', Approval>>('/api/approvals', { every: 3000, on: ['signal', 'trade', 'command', 'mode'] });
  return (
    <Card title="Waiting for a person" q={q} rows={2} empty={(d) => (d.approvals.length === 0 ? <Empty title="Nothing waits">In manual mode each entry stands here until somebody decides, or its time is up.</Empty> : null)}>
      {(d) => <ul>{d.approvals.map((a) => <ApprovalRow key={a.id} a={a} />)}</ul>}
    </Card>
  );
}

function ApprovalRow({ a }: { a: Approval }) {
  const now = useProgramNow();
  const halted = useStatus().data?.mode?.mode === 'halted';
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const end = ms(a.expires_at) ?? 0, start = ms(a.created_at) ?? 0;
  const left = end - now;
  const decide = async (verb: 'approve' | 'reject') => {
    setBusy(true);
    setError(null);
    try {
      await post(`/api/${verb}`, { signal_id: a.id });
      setDone(verb === 'approve' ? 'Approved' : 'Rejected');
      refresh('/api/approvals', '/api/status', '/api/trades');
    } catch (e) {
      setError(e instanceof ApiError ? e.message : String(e));
    }
    setBusy(false);
  };
  return (
    <li data-signal={a.id} className="border-b border-line p-4 last:border-0">
      <div className="flex flex-wrap items-center gap-3">
        <Coin symbol={a.symbol} /><Side side={a.side} /><Score value={a.score} side={a.side} />
        <span role="timer" className={`ml-auto text-sm font-medium ${left < 15_000 ? 'text-warn' : ''}`}>{left > 0 ? `${span(left)} left` : 'its time is up'}</span>
      </div>
      {a.text && <p className="mt-2 break-words text-sm">{a.text}</p>}
      <p className="mt-1 text-xs text-muted">{a.username ? `@${a.username}` : a.author} · <Time at={a.posted_at} />{a.seen_price && <> · price then <Price value={a.seen_price} /></>}</p>
      <div className="mt-2"><Meter label={`Time left for ${coin(a.symbol)}`} share={end > start ? left / (end - start) : 0} calm /></div>
      {error && <p role="alert" className="mt-2 text-sm text-down">{error}</p>}
      <div className="mt-3 flex gap-2">
        <Button tone="primary" small disabled={busy || done !== null || left <= 0 || halted} onClick={() => void decide('approve')}>Approve: {a.side === 'SHORT' ? 'sell' : 'buy'} {coin(a.symbol)}</Button>
        <Button small disabled={busy || done !== null} onClick={() => void decide('reject')}>Reject</Button>
        {halted && <span className="self-center text-sm text-muted">Halted: nothing can be opened.</span>}
        <span role="status" className="self-center text-sm font-medium">{done}</span>
        <Link href={`/post?id=${a.tweet_id}`} className="ml-auto self-center text-sm text-accent underline">Why?</Link>
      </div>
    </li>
  );
}

function Held() {
  const q = usePositions();
  return (
    <Card title="What is at risk now" q={q} empty={(d) => (d.positions.length === 0 ? <Empty title="Nothing is held" /> : null)}>
      {(d) => (
        <ul>
          {d.positions.map((p) => (
            <li key={p.symbol} className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5 text-sm last:border-0">
              <Coin symbol={p.symbol} /><Side side={p.side} />
              {p.stop_loss ? <span className="text-muted">stop <Price value={p.stop_loss} /></span> : <Badge tone="down" icon="warn">no stop</Badge>}
              <Pnl value={p.unrealized_pnl} className="font-semibold" />
              <span className="ml-auto"><CloseButton small symbol={p.symbol} side={p.side} held={p.size} /></span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

const MODE_VERBS = new Set(['halt', 'resume', 'mode', 'flatten']);

/** What people ordered, and what the program did by itself; the newest first. */
function ModeHistory() {
  const ordered = useApi<Page<'audit', AuditRow>>('/api/audit?entity=command&limit=100', { every: 20_000, on: ['mode', 'command'] });
  const own = useApi<Page<'audit', AuditRow>>('/api/audit?entity=control&limit=12', { every: 20_000, on: ['mode'] }).data?.audit;
  const rows = [...(ordered.data?.audit ?? []).filter((r) => MODE_VERBS.has(r.action)), ...(own ?? [])]
    .sort((x, y) => Number(BigInt(y.id) - BigInt(x.id))).slice(0, 12);
  return (
    <Card title="Changes of the mode" q={ordered} empty={() => (rows.length === 0 ? <Empty title="It never changed" /> : null)}>
      {() => (
        <ol>
          {rows.map((r) => (
            <li key={r.id} className="border-b border-line px-4 py-2 text-sm last:border-0" title={exact(r.at)}>
              <div className="flex gap-3"><b>{r.action}</b><span className="text-muted">{r.actor}</span><span className="ml-auto text-xs text-muted"><Time at={r.at} /></span></div>
              {r.detail && <div className="break-words text-muted">{r.detail}</div>}
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
