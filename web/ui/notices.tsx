'use client';
// What deserves a word when it happens: alerts, changes of the mode, trades. Read out politely; gone
// after a while. A browser notification or a sound only where somebody asked for it (Settings).

import { useEffect, useState } from 'react';
import { onEvent, type LiveEvent } from '@/data/live';
import { Icon, type IconName } from './icons';

type Notice = { key: number; icon: IconName; title: string; text: string };
let next = 1;
const KEEP_MS = 8000;

export const wants = {
  get: (what: 'notify' | 'sound') => typeof localStorage !== 'undefined' && localStorage.getItem(`wants.${what}`) === '1',
  set: (what: 'notify' | 'sound', on: boolean) => localStorage.setItem(`wants.${what}`, on ? '1' : '0'),
};

const text = (v: unknown) => (typeof v === 'string' ? v : '');

function noticeOf(e: LiveEvent): Omit<Notice, 'key'> | null {
  const d = (e.data ?? {}) as Record<string, unknown>;
  if (e.name === 'mode') return { icon: 'risk', title: `Mode: ${text(d.mode) || 'changed'}`, text: text(d.reason) };
  if (e.name === 'alert') return { icon: 'warn', title: 'Alert', text: text(d.text) || text(d.detail) || text(d.message) };
  if (e.name === 'trade')
    return { icon: 'trades', title: `Trade ${text(d.status).toLowerCase() || 'changed'}`, text: `${text(d.side).toLowerCase()} ${text(d.symbol)}`.trim() };
  return null;
}

export function beep() {
  const ctx = new AudioContext();
  const o = ctx.createOscillator();
  const g = ctx.createGain();
  o.frequency.value = 660;
  g.gain.setValueAtTime(0.06, ctx.currentTime);
  g.gain.exponentialRampToValueAtTime(0.0001, ctx.currentTime + 0.35);
  o.connect(g).connect(ctx.destination);
  o.start();
  o.stop(ctx.currentTime + 0.35);
  o.onended = () => void ctx.close();
}

export function Notices() {
  const [list, setList] = useState<Notice[]>([]);
  useEffect(() => onEvent((e) => {
    const n = noticeOf(e);
    if (!n) return;
    if (e.name === 'trade') {
      if (wants.get('sound')) beep();
      if (wants.get('notify') && 'Notification' in window && Notification.permission === 'granted' && document.hidden)
        new Notification(n.title, { body: n.text, tag: 'bullfinch-trade' });
    }
    const key = next++;
    setList((l) => [...l.slice(-2), { ...n, key }]);
    setTimeout(() => setList((l) => l.filter((x) => x.key !== key)), KEEP_MS);
  }), []);
  return (
    <div role="status" aria-live="polite" className="pointer-events-none fixed inset-x-3 bottom-3 z-40 flex flex-col items-end gap-2">
      {list.map((n) => (
        <div key={n.key} className="pointer-events-auto flex max-w-sm items-start gap-2.5 rounded-lg border border-line bg-surface px-3 py-2.5 text-sm shadow-xl">
          <Icon name={n.icon} className="mt-0.5 text-muted" />
          <div className="min-w-0"><p className="font-medium capitalize">{n.title}</p>{n.text && <p className="break-words text-muted">{n.text}</p>}</div>
          <button type="button" aria-label="Dismiss" onClick={() => setList((l) => l.filter((x) => x.key !== n.key))} className="text-muted hover:text-text"><Icon name="close" /></button>
        </div>
      ))}
    </div>
  );
}
