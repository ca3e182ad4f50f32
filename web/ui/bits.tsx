'use client';
// The small parts that pages are made of. Open this file to see how a number, a side, a time or a
// state is shown; pages do not style these themselves.

import type { ReactNode } from 'react';
import { coin, exact, isNone, money, ms, percent, price, span } from '@/data/format';
import { useProgramNow } from '@/data/now';
import { Icon, type IconName } from './icons';
import { Link } from './link';

export type Tone = 'plain' | 'up' | 'down' | 'warn' | 'accent';
const soft: Record<Tone, string> = {
  plain: 'bg-raised text-muted',
  up: 'bg-up-soft text-up',
  down: 'bg-down-soft text-down',
  warn: 'bg-warn-soft text-warn',
  accent: 'bg-accent-soft text-accent',
};

export function Badge({ tone = 'plain', icon, title, children }: { tone?: Tone; icon?: IconName; title?: string; children: ReactNode }) {
  return (
    <span title={title} className={`inline-flex items-center gap-1 whitespace-nowrap rounded px-1.5 py-0.5 text-xs font-medium ${soft[tone]}`}>
      {icon && <Icon name={icon} className="size-3" />}
      {children}
    </span>
  );
}

/** LONG or SHORT: colour, and an arrow for those who do not see it. */
export function Side({ side }: { side: string }) {
  if (side !== 'LONG' && side !== 'SHORT') return <span className="text-muted">no side</span>;
  const long = side === 'LONG';
  return (
    <span className={`whitespace-nowrap font-medium ${long ? 'text-up' : 'text-down'}`}>
      <span aria-hidden="true">{long ? '▲' : '▼'}</span> {long ? 'Long' : 'Short'}
    </span>
  );
}

/** Profit or loss: always with its sign. */
export function Pnl({ value, className = '' }: { value: string | number | null | undefined; className?: string }) {
  if (isNone(value)) return <span className="text-muted">–</span>;
  const n = Number(value);
  const tone = n > 0 ? 'text-up' : n < 0 ? 'text-down' : 'text-muted';
  return <span className={`whitespace-nowrap ${tone} ${className}`} title={String(value)}>{money(value, true)}</span>;
}
export function Price({ value }: { value: string | null | undefined }) {
  return <span className="whitespace-nowrap" title={value ?? undefined}>{price(value)}</span>;
}
export function Share({ value, sign = false }: { value: string | number | null | undefined; sign?: boolean }) {
  return <span className="whitespace-nowrap">{percent(value, 2, sign)}</span>;
}

/** 3 min ago, by the program's clock; the exact time on hover and for screen readers. `past`: it has
 * happened, even where a fast replay's clock here is a little behind. */
export function Time({ at, ago = true, past = false }: { at: string | null | undefined; ago?: boolean; past?: boolean }) {
  const now = useProgramNow();
  const t = ms(at);
  if (t === null) return <span className="text-muted">never</span>;
  const left = past ? Math.max(0, now - t) : now - t;
  const words = now === 0 ? '' : left < -1500 ? `in ${span(-left)}` : left < 1500 ? 'now' : `${span(left)}${ago ? ' ago' : ''}`;
  return <time dateTime={at ?? undefined} title={exact(at)} className="whitespace-nowrap">{words}</time>;
}

/** 0 to 100, as a number and a bar; `threshold` is where trading begins. */
export function Score({ value, side, threshold }: { value: number | null | undefined; side?: string; threshold?: number | null }) {
  if (value === null || value === undefined) return <span className="text-muted">–</span>;
  const over = threshold !== null && threshold !== undefined && value >= threshold;
  const fill = !over ? 'bg-line-strong' : side === 'SHORT' ? 'bg-down' : 'bg-up';
  return (
    <span className="inline-flex items-center gap-2" title={threshold ? `${value} of 100; trading begins at ${threshold}` : `${value} of 100`}>
      <span className={`w-6 text-right font-semibold ${over ? '' : 'text-muted'}`}>{value}</span>
      <span aria-hidden="true" className="relative h-1.5 w-12 overflow-hidden rounded-full bg-raised">
        <span className={`absolute inset-y-0 left-0 rounded-full ${fill}`} style={{ width: `${value}%` }} />
      </span>
    </span>
  );
}

export function Coin({ symbol }: { symbol: string }) {
  return (
    <Link href={`/symbol?s=${encodeURIComponent(symbol)}`} className="inline-flex min-h-6 items-center font-semibold hover:underline" title={symbol}>
      {coin(symbol)}
    </Link>
  );
}

type ButtonTone = 'plain' | 'primary' | 'danger' | 'quiet';
const buttonTone: Record<ButtonTone, string> = {
  plain: 'border border-line-strong/60 bg-surface text-text hover:bg-raised',
  primary: 'bg-accent text-on-accent hover:opacity-90',
  danger: 'bg-down text-bg hover:opacity-90',
  quiet: 'text-muted hover:bg-raised hover:text-text',
};
export function buttonClass(tone: ButtonTone = 'plain', small = false): string {
  return (
    `inline-flex items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium transition-colors ` +
    `disabled:cursor-not-allowed disabled:opacity-50 ${small ? 'min-h-7 px-2 text-xs' : 'min-h-9 px-3 text-sm'} ${buttonTone[tone]}`
  );
}
export function Button({ tone = 'plain', small = false, className = '', ...rest }: React.ComponentProps<'button'> & { tone?: ButtonTone; small?: boolean }) {
  return <button type="button" {...rest} className={`${buttonClass(tone, small)} ${className}`} />;
}

/** How much of something is used. Calm up to 80 %, then it wants a look, then it is full; `calm`: always. */
export function Meter({ label, share, calm = false }: { label: string; share: number; calm?: boolean }) {
  const s = Math.max(0, Math.min(1, share));
  const tone = calm ? 'bg-accent' : s >= 1 ? 'bg-down' : s >= 0.8 ? 'bg-warn' : 'bg-accent';
  return (
    <div role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(s * 100)} className="h-1.5 w-full overflow-hidden rounded-full bg-raised">
      <div className={`h-full rounded-full ${tone}`} style={{ width: `${s * 100}%` }} />
    </div>
  );
}

/** Names and values, in two columns that line up. */
export function Facts({ rows }: { rows: (readonly [string, ReactNode] | null | false)[] }) {
  return (
    <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm">
      {rows.map((r) => r && (
        <div key={r[0]} className="contents">
          <dt className="text-muted">{r[0]}</dt>
          <dd className="min-w-0 break-words">{r[1]}</dd>
        </div>
      ))}
    </dl>
  );
}

/** One number that matters, with what it is. */
export function Figure({ label, children, sub }: { label: string; children: ReactNode; sub?: ReactNode }) {
  return (
    <div className="min-w-0">
      <div className="text-xs text-muted">{label}</div>
      <div className="truncate text-xl font-semibold leading-tight">{children}</div>
      {sub && <div className="truncate text-xs text-muted">{sub}</div>}
    </div>
  );
}

export const field =
  'min-h-9 rounded-md border border-line-strong/60 bg-surface px-2.5 text-sm text-text placeholder:text-muted';
