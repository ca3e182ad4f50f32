'use client';
// What is set, from where, and what it means; and what this browser does by itself.

import { useEffect, useMemo, useState } from 'react';
import { request } from '@/data/client';
import { refresh, useApi } from '@/data/query';
import { useFilters } from '@/data/url';
import type { Config, Setting } from '@/data/types';
import { Badge, Button, field } from '@/ui/bits';
import { Card, Empty, PageTitle } from '@/ui/card';
import { Confirm } from '@/ui/dialog';
import { beep, wants } from '@/ui/notices';
import { SearchField } from '../posts/posts';

export function Settings() {
  const f = useFilters();
  const q = useApi<Config>('/api/config', { every: 60_000, on: ['command'] });
  const key = f.get('key'), find = f.get('q').toLowerCase(), changed = f.get('changed') === '1';
  useEffect(() => {
    if (key && q.data) document.getElementById(`key-${key}`)?.scrollIntoView({ block: 'center' });
  }, [key, q.data]);
  const groups = useMemo(() => {
    const by = new Map<string, Setting[]>();
    for (const s of q.data?.keys ?? []) {
      if (find && !`${s.key} ${s.help}`.toLowerCase().includes(find) && s.key !== key) continue;
      if (changed && isDefault(s) && s.key !== key) continue;
      const name = s.key.split('.')[0] ?? '';
      by.set(name, [...(by.get(name) ?? []), s]);
    }
    return [...by];
  }, [q.data, find, changed, key]);
  return (
    <>
      <PageTitle title="Settings" />
      <Browser />
      <div role="search" aria-label="Filter settings" className="my-4 flex flex-wrap items-center gap-3">
        <SearchField label="Key or what it means" value={f.get('q')} onChange={(v) => f.set({ q: v })} width="w-full sm:w-72" />
        <label className="flex min-h-9 items-center gap-2 text-sm"><input type="checkbox" className="accent-accent" checked={changed} onChange={(e) => f.set({ changed: e.target.checked ? '1' : '' })} /> Only what differs from the defaults</label>
        {q.data && <span className="text-sm text-muted sm:ml-auto">Profile {q.data.profile}{q.data.file ? `, file ${q.data.file}` : ', no file'}</span>}
      </div>
      {q.data ? (
        <div className="grid gap-4">
          {groups.length === 0 && <Card title="Settings"><Empty title="No key fits" /></Card>}
          {groups.map(([name, rows]) => <Card key={name} title={name}><ul>{rows.map((s) => <Row key={s.key} s={s} here={s.key === key} />)}</ul></Card>)}
        </div>
      ) : <Card title="Settings" q={q} rows={10}>{null}</Card>}
    </>
  );
}

const shown = (v: unknown): string => (v === null || v === undefined || v === '' ? 'empty' : typeof v === 'string' ? v : typeof v === 'object' ? JSON.stringify(v) : String(v));
const originOf = (s: Setting) => s.from;
const isDefault = (s: Setting) => /^default/.test(originOf(s));

function Row({ s, here }: { s: Setting; here: boolean }) {
  return (
    <li id={`key-${s.key}`} data-key={s.key} className={`grid gap-x-6 gap-y-1 border-b border-line px-4 py-3 text-sm last:border-0 lg:grid-cols-[minmax(0,18rem)_minmax(0,1fr)_minmax(0,22rem)] ${here ? 'bg-accent-soft' : ''}`}>
      <div className="min-w-0">
        <code className="break-all font-mono text-[0.8rem] font-semibold">{s.key}</code>
        <div className="mt-0.5 flex flex-wrap gap-1.5">
          {!isDefault(s) && <Badge tone="accent">{originOf(s)}</Badge>}
          {s.reloadable && <Badge title="May be changed here, while it runs">changeable</Badge>}
        </div>
      </div>
      <p className="min-w-0 text-muted lg:order-none"><span className="text-text">{s.help}</span> <span className="block text-xs">{s.expected}; by default {s.default === '' ? 'empty' : s.default}</span></p>
      <div className="min-w-0 lg:text-right">
        <span className="break-all font-medium">{s.secret ? 'a secret' : shown(s.value)}</span>
        {s.next !== null && s.next !== undefined && <p className="text-xs text-warn">Stored, does not hold yet: {s.next}</p>}
        {s.reloadable && <div className="mt-1"><Change s={s} /></div>}
      </div>
    </li>
  );
}

function Change({ s }: { s: Setting }) {
  const [open, setOpen] = useState(false);
  const [value, setValue] = useState('');
  return (
    <>
      <Button small onClick={() => { setValue(s.next ?? (typeof s.value === 'object' ? '' : shown(s.value))); setOpen(true); }}>Change<span className="sr-only"> {s.key}</span></Button>
      <Confirm open={open} title={`Change ${s.key}?`} verb="Store it" onClose={() => setOpen(false)}
        onConfirm={async () => { await request('PUT', '/api/settings', { key: s.key, value: value.trim() }); refresh('/api/config'); }}>
        <p>{s.help}</p>
        <label className="block"><span className="mb-1 block text-muted">Value: {s.expected}</span><input value={value} onChange={(e) => setValue(e.target.value)} className={`${field} w-full`} autoComplete="off" /></label>
        <p className="text-muted">An empty value lets go of what is stored here: the file’s holds again, or the default. It stands in the audit log. A running trader decides by it from now on; what was decided stays.</p>
      </Confirm>
    </>
  );
}

function Browser() {
  const [sound, setSound] = useState(false);
  const [notify, setNotify] = useState(false);
  const [denied, setDenied] = useState(false);
  useEffect(() => {
    setSound(wants.get('sound'));
    setNotify(wants.get('notify') && 'Notification' in window && Notification.permission === 'granted');
  }, []);
  const choose = async (on: boolean) => {
    const ok = on && 'Notification' in window && (await Notification.requestPermission()) === 'granted';
    setDenied(on && !ok);
    setNotify(ok);
    wants.set('notify', ok);
  };
  return (
    <Card title="This browser" pad>
      <div className="flex flex-wrap gap-x-6 gap-y-2 text-sm">
        <label className="flex min-h-6 items-center gap-2"><input type="checkbox" className="accent-accent" checked={notify} onChange={(e) => void choose(e.target.checked)} /> Notify me of trades while the page is in the background</label>
        <label className="flex min-h-6 items-center gap-2"><input type="checkbox" className="accent-accent" checked={sound} onChange={(e) => { setSound(e.target.checked); wants.set('sound', e.target.checked); if (e.target.checked) beep(); }} /> A sound on each trade</label>
        {denied && <span role="alert" className="text-warn">The browser does not allow notifications for this page.</span>}
      </div>
    </Card>
  );
}
