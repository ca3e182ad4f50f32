'use client';
// Stopping it, and letting it go on. Each button asks first and names what will happen.

import { useState } from 'react';
import { coin, qty } from '@/data/format';
import { programTime } from '@/data/now';
import { post } from '@/data/client';
import { refresh } from '@/data/query';
import type { CommandResult, FlattenOffer, Mode } from '@/data/types';
import { Badge, Button, field, Pnl, Side } from './bits';
import { Confirm } from './dialog';
import { Loading } from './card';

export const MODES: Record<Mode, { name: string; what: string }> = {
  auto: { name: 'Automatic', what: 'Signals over the threshold that pass the risk rules are traded.' },
  manual: { name: 'Manual', what: 'Each entry waits for a person, and expires when nobody decides.' },
  observe: { name: 'Observe', what: 'Signals are made and shown; no entry is ordered.' },
  halted: { name: 'Halted', what: 'Nothing is opened. What is held keeps its stop and target.' },
};

const changed = () => refresh('/api/status', '/api/positions', '/api/approvals', '/api/limits', '/api/why', '/api/trades', '/api/audit');

function ReasonField({ value, onChange, required = false }: { value: string; onChange: (v: string) => void; required?: boolean }) {
  return (
    <label className="block">
      <span className="mb-1 block text-sm text-muted">Why? It stands in the audit log{required ? ' (wanted)' : ' (may be left out)'}.</span>
      <input value={value} onChange={(e) => onChange(e.target.value)} required={required} maxLength={127} className={`${field} w-full`} autoComplete="off" />
    </label>
  );
}

const BY_HAND = 'by hand';
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const SPANS = [['', 'until somebody changes it'], ['15', 'for 15 minutes'], ['60', 'for an hour'], ['240', 'for four hours'], ['1440', 'for a day'], ['midnight', 'until midnight, UTC'], ['own', 'until a time of your own…']] as const;
/** How long an order holds: one of SPANS, and the minute (UTC) of a time of one's own. */
type End = { choice: string; own: string };
const NO_END: End = { choice: '', own: '' };
const endGiven = (e: End) => e.choice !== 'own' || !Number.isNaN(Date.parse(`${e.own}Z`));

/** When an order given now is over, by the program's clock; nothing where it has no end. */
function endOf({ choice, own }: End): { until?: string } {
  if (!choice) return {};
  const now = Math.floor(programTime(Date.now()));
  const at = choice === 'own' ? Date.parse(`${own}Z`) : choice === 'midnight' ? now - (now % DAY) + DAY : now + Number(choice) * MINUTE;
  return { until: new Date(at).toISOString() };
}

function UntilField({ value, onChange }: { value: End; onChange: (v: End) => void }) {
  return (
    <>
      <label className="block">
        <span className="mb-1 block text-sm text-muted">How long does it hold? Then the mode before holds again.</span>
        <select value={value.choice} onChange={(e) => onChange({ ...value, choice: e.target.value })} className={`${field} w-full`}>
          {SPANS.map(([v, name]) => <option key={v} value={v}>{name}</option>)}
        </select>
      </label>
      {value.choice === 'own' && (
        <label className="block">
          <span className="mb-1 block text-sm text-muted">Until when, UTC</span>
          <input type="datetime-local" required value={value.own} onChange={(e) => onChange({ ...value, own: e.target.value })} className={`${field} w-full`} />
        </label>
      )}
    </>
  );
}

export function HaltButton({ open: count }: { open: number | undefined }) {
  const [open, setOpen] = useState(false);
  const [why, setWhy] = useState(BY_HAND);
  const [end, setEnd] = useState(NO_END);
  return (
    <>
      <Button tone="danger" onClick={() => setOpen(true)}>Halt trading</Button>
      <Confirm open={open} danger title="Halt trading?" verb="Halt now" disabled={!why.trim() || !endGiven(end)} onClose={() => setOpen(false)}
        onConfirm={async () => { await post<CommandResult>('/api/halt', { reason: why.trim(), ...endOf(end) }); setWhy(BY_HAND); setEnd(NO_END); changed(); }}>
        <ul className="list-disc space-y-1 pl-5">
          <li>From the answer on nothing new is opened, until somebody resumes or its time is over.</li>
          <li>{count ? `${count} open position${count === 1 ? ' keeps its' : 's keep their'} stop and target; nothing is sold by this.` : 'Nothing is held now, so nothing is sold.'}</li>
          <li>Signals that wait for approval cannot open anything.</li>
        </ul>
        <UntilField value={end} onChange={setEnd} />
        <ReasonField value={why} onChange={setWhy} required />
      </Confirm>
    </>
  );
}

export function ResumeButton({ to }: { to?: string }) {
  const [open, setOpen] = useState(false);
  const [why, setWhy] = useState('');
  return (
    <>
      <Button tone="primary" onClick={() => setOpen(true)}>Resume trading</Button>
      <Confirm open={open} title="Resume trading?" verb="Resume" onClose={() => setOpen(false)}
        onConfirm={async () => { await post<CommandResult>('/api/resume', why.trim() ? { reason: why.trim() } : {}); setWhy(''); changed(); }}>
        <p>Ends the halt and goes back to the mode before it{to ? ` (${to})` : ''}. The next signal that passes the risk rules is acted on.</p>
        <ReasonField value={why} onChange={setWhy} />
      </Confirm>
    </>
  );
}

export function FlattenButton() {
  const [open, setOpen] = useState(false);
  const [offer, setOffer] = useState<FlattenOffer | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [why, setWhy] = useState('');
  const begin = async () => {
    setOffer(null);
    setError(null);
    setOpen(true);
    try {
      setOffer((await post<FlattenOffer>('/api/flatten', {})).data);
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
    }
  };
  return (
    <>
      <Button onClick={() => void begin()} className="!border-down !text-down">Close everything…</Button>
      <Confirm open={open} danger title="Close everything and halt?" verb={offer ? `Close ${offer.will.length || 'nothing'} and halt` : 'Close'} disabled={!offer} onClose={() => setOpen(false)}
        onConfirm={async () => { await post<CommandResult>('/api/flatten', { code: offer?.code, ...(why.trim() ? { reason: why.trim() } : {}) }); setWhy(''); changed(); }}>
        {error && <p role="alert" className="rounded-md bg-down-soft px-3 py-2 text-down">{error}</p>}
        {!offer && !error && <Loading rows={2} />}
        {offer && (
          <>
            <p className="capitalize-first">It {offer.text}.</p>
            {offer.will.length > 0 ? (
              <ul className="rounded-md border border-line">
                {offer.will.map((w) => (
                  <li key={w.symbol} className="flex items-center gap-3 border-b border-line px-3 py-1.5 last:border-0">
                    <b>{coin(w.symbol)}</b><Side side={w.side} /><span>{qty(w.size)}</span><span className="ml-auto"><Pnl value={w.unrealized_pnl} /></span>
                  </li>
                ))}
              </ul>
            ) : <p className="text-muted">Nothing is held now.</p>}
            <p className="text-muted">The offer holds for a minute, and only while the positions are these.</p>
            <ReasonField value={why} onChange={setWhy} />
          </>
        )}
      </Confirm>
    </>
  );
}

export function ModeSwitch({ mode }: { mode: Mode }) {
  const [to, setTo] = useState<Mode | null>(null);
  const [why, setWhy] = useState('');
  const [end, setEnd] = useState(NO_END);
  return (
    <div>
      <div role="radiogroup" aria-label="Mode" className="grid gap-2 sm:grid-cols-3">
        {(['auto', 'manual', 'observe'] as const).map((m) => (
          <button key={m} type="button" role="radio" aria-checked={mode === m} onClick={() => mode !== m && setTo(m)}
            className={`rounded-lg border p-3 text-left ${mode === m ? 'border-accent bg-accent-soft' : 'border-line-strong/60 hover:bg-raised'}`}>
            <span className="flex items-center gap-2 font-medium">{MODES[m].name}{mode === m && <Badge tone="accent">now</Badge>}</span>
            <span className={`mt-0.5 block text-xs ${mode === m ? 'text-text' : 'text-muted'}`}>{MODES[m].what}</span>
          </button>
        ))}
      </div>
      <Confirm open={to !== null} title={to ? `Switch to ${MODES[to].name.toLowerCase()}?` : ''} verb="Switch" disabled={mode !== 'halted' && !endGiven(end)} onClose={() => setTo(null)}
        onConfirm={async () => { await post<CommandResult>('/api/override/toggle', { mode: to, ...(why.trim() ? { reason: why.trim() } : {}), ...(mode === 'halted' ? {} : endOf(end)) }); setWhy(''); setEnd(NO_END); changed(); }}>
        {to && <p>{MODES[to].what} {mode === 'halted' && 'Trading is halted; the mode holds once it is resumed.'}</p>}
        {mode !== 'halted' && <UntilField value={end} onChange={setEnd} />}
        <ReasonField value={why} onChange={setWhy} />
      </Confirm>
    </div>
  );
}
