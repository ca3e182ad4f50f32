'use client';
// A card shows one query: while it loads, when it failed, when there is nothing, and when what it
// shows has grown old. A number is never shown as fresh when it is not: the card says its age.

import type { ReactNode } from 'react';
import { isStale, type Query } from '@/data/query';
import { clock, span } from '@/data/format';
import { useTick } from '@/data/now';
import { Badge, Button } from './bits';
import { Icon } from './icons';

export function Age({ q }: { q: Query<unknown> }) {
  const now = useTick();
  if (!q.at || !now) return null;
  const age = Math.max(0, now - q.at);
  const at = `asked at ${clock(q.at)} UTC`;
  if (isStale(q, now)) return <Badge tone="warn" icon="wait" title={at}>{span(age)} old</Badge>;
  return <span className="whitespace-nowrap text-xs text-muted" title={at}>{age < 2500 ? 'now' : `${span(age)} ago`}</span>;
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="px-4 py-8 text-center">
      <p className="font-medium">{title}</p>
      {children && <p className="mx-auto mt-1 max-w-md text-sm text-muted">{children}</p>}
    </div>
  );
}

export function Failed({ q }: { q: Query<unknown> }) {
  const e = q.error;
  if (!e) return null;
  const missing = e.status === 404;
  return (
    <div role={q.data === undefined ? 'alert' : 'status'} className="flex items-start gap-3 px-4 py-4 text-sm">
      <Icon name={missing ? 'skip' : 'warn'} className={`mt-0.5 ${missing ? 'text-muted' : 'text-warn'}`} />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{missing ? 'Not there' : e.status === 0 ? 'No answer' : 'That failed'}</p>
        <p className="break-words text-muted">{e.message}</p>
        <p className="mt-0.5 break-all font-mono text-xs text-muted">{q.path} · {e.code}</p>
      </div>
      <Button small onClick={q.reload}>Try again</Button>
    </div>
  );
}

export function Loading({ rows = 3 }: { rows?: number }) {
  return (
    <div role="status" className="space-y-2.5 p-4">
      <span className="sr-only">Loading</span>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} aria-hidden="true" className="skeleton h-4" style={{ width: `${92 - ((i * 23) % 40)}%` }} />
      ))}
    </div>
  );
}

type CardProps<T> = {
  title: string;
  aside?: ReactNode;
  className?: string;
  pad?: boolean;
  scroll?: boolean; // its content scrolls inside, where the card has a greatest height
  rows?: number;
  q?: Query<T>;
  empty?: (data: T) => ReactNode; // what to say when there is nothing, else null
  children: ReactNode | ((data: T) => ReactNode);
};

export function Card<T = unknown>({ title, aside, className = '', pad = false, scroll = false, rows, q, empty, children }: CardProps<T>) {
  return (
    <section aria-label={title} aria-busy={q?.loading} className={`flex min-w-0 flex-col rounded-xl border border-line bg-surface shadow-card ${className}`}>
      <header className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
        <h2 className="text-sm font-semibold">{title}</h2>
        <div className="ml-auto flex flex-wrap items-center gap-x-3 gap-y-1">
          {aside}
          {q && <Age q={q} />}
        </div>
      </header>
      <Body q={q} pad={pad} scroll={scroll} label={title} rows={rows} empty={empty}>{children}</Body>
    </section>
  );
}

function Body<T>({ q, pad, scroll, label, rows, empty, children }: Pick<CardProps<T>, 'q' | 'pad' | 'scroll' | 'rows' | 'empty' | 'children'> & { label: string }) {
  const now = useTick();
  const inner = pad ? 'p-4' : '';
  if (!q) return <div className={inner}>{children as ReactNode}</div>;
  if (q.data === undefined) return q.error ? <Failed q={q} /> : <Loading rows={rows} />;
  const nothing = empty?.(q.data);
  const old = now > 0 && isStale(q, now);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {q.error && <div className="border-b border-line bg-warn-soft"><Failed q={q} /></div>}
      <div className={`min-h-0 flex-1 ${inner} ${scroll ? 'scroll-thin overflow-y-auto' : ''} ${old ? 'opacity-75 grayscale' : ''}`}
        {...(scroll ? { tabIndex: 0, role: 'region', 'aria-label': `${label}, scrolls` } : {})}>
        {nothing ?? (typeof children === 'function' ? children(q.data) : children)}
      </div>
    </div>
  );
}

export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="mb-4 flex flex-wrap items-center gap-x-4 gap-y-2">
      <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
      {children && <div className="ml-auto flex flex-wrap items-center gap-2">{children}</div>}
    </div>
  );
}
