'use client';
// A score taken apart: the product as it was computed, factor by factor, and the text with its coins.

import { coin } from '@/data/format';
import type { Mention, SignalFull } from '@/data/types';
import { Badge, Price, Score, Side } from './bits';
import { Link } from './link';
import { VerdictBadge } from './post';
import { reason } from '@/data/reasons';

const WHAT: Record<string, string> = {
  confidence: 'how surely the text means this coin',
  polarity: 'what it says of the coin; the sign is the side',
  author: 'the author’s weight',
  record: 'what came of the author’s opinions so far',
  habit: 'less where it departs from the author’s habits',
  freshness: 'less as the post grows old',
  copies: 'less where somebody else said the same before',
  priced_in: 'less as the price moves its way',
};

export function ScoreParts({ s, threshold }: { s: SignalFull; threshold: number | null }) {
  let product = 100;
  const rows = Object.entries(s.parts).map(([name, value]) => {
    product *= Math.abs(value);
    return { name, value, after: Math.min(100, Math.round(product)) };
  });
  return (
    <div>
      <div className="flex flex-wrap items-center gap-3 px-4 py-3">
        <Link href={`/symbol?s=${s.symbol}`} className="font-semibold hover:underline">{coin(s.symbol)}</Link>
        <Side side={s.side} /><Score value={s.score} side={s.side} threshold={threshold} />
        <VerdictBadge verdict={s.verdict} why={s.reason} trade={s.trade_id} />
        {s.reason && <span className="text-sm text-muted">{reason(s.reason).long}</span>}
      </div>
      <table className="w-full text-sm">
        <caption className="sr-only">Parts of the score of {s.symbol}</caption>
        <thead className="sr-only"><tr><th scope="col">Part</th><th scope="col">Factor</th><th scope="col">Score so far</th></tr></thead>
        <tbody>
          {rows.map((r, i) => (
            <tr key={r.name} className="border-t border-line">
              <th scope="row" className="w-1/2 py-1.5 pl-4 pr-2 text-left font-normal">
                <span className="font-medium">{r.name.replace('_', ' ')}</span>
                <span className="block text-xs text-muted">{WHAT[r.name]}</span>
              </th>
              <td className={`px-2 text-right ${Math.abs(r.value) === 1 ? 'text-muted' : Math.abs(r.value) < 1 && i > 1 ? 'font-medium text-warn' : 'font-medium'}`}>
                {i > 0 && <span className="text-muted">× </span>}{r.value.toFixed(2)}
              </td>
              <td className="w-[28%] py-1.5 pl-2 pr-4">
                <span className="flex items-center gap-2">
                  <svg aria-hidden="true" viewBox="0 0 100 8" preserveAspectRatio="none" className="h-1.5 w-full rounded-full bg-raised"><rect width={r.after} height="8" className="fill-accent" /></svg>
                  <span className="w-6 text-right">{r.after}</span>
                </span>
              </td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr className="border-t border-line">
            <th scope="row" className="py-2 pl-4 text-left font-semibold">Score</th>
            <td colSpan={2} className="py-2 pr-4 text-right"><span className="text-xs text-muted">{threshold !== null && `trading begins at ${threshold} `}</span> <b>{s.score} of 100</b></td>
          </tr>
        </tfoot>
      </table>
      {(s.seen_price || s.departures) && (
        <p className="border-t border-line px-4 py-2 text-xs text-muted">
          {s.seen_price && <>Price when it was judged: <Price value={s.seen_price} />. </>}
          {s.moved && <>Moved since the post: {(Number(s.moved) * 100).toFixed(2)} % ({Number(s.sigmas ?? 0).toFixed(1)} of its usual moves). </>}
          {s.departures && <>Departs from habit: {s.departures}.</>}
        </p>
      )}
    </div>
  );
}

/** Positions count bytes of UTF-8, as the program has them: what stands from a up to b, or to the end. */
export function byBytes(text: string) {
  const bytes = new TextEncoder().encode(text);
  return (a: number, b?: number) => new TextDecoder().decode(bytes.slice(a, b));
}

/** The text with what was taken for a coin marked. */
export function MarkedText({ text, mentions }: { text: string; mentions: Mention[] }) {
  const marks = mentions.filter((m) => m.begin !== undefined && m.end !== undefined && m.end > m.begin).sort((a, b) => (a.begin ?? 0) - (b.begin ?? 0));
  if (marks.length === 0) return <p className="whitespace-pre-wrap break-words text-lg leading-relaxed">{text}</p>;
  const cut = byBytes(text);
  const out: React.ReactNode[] = [];
  let at = 0;
  marks.forEach((m, i) => {
    const begin = m.begin ?? 0, end = m.end ?? 0;
    if (begin < at) return;
    out.push(cut(at, begin));
    out.push(<mark key={i} title={`${m.symbol}, sure to ${m.confidence}`} className={`rounded px-0.5 ${m.polarity > 0 ? 'bg-up-soft text-up' : m.polarity < 0 ? 'bg-down-soft text-down' : 'bg-raised text-text'}`}>{cut(begin, end)}</mark>);
    at = end;
  });
  out.push(cut(at));
  return <p className="whitespace-pre-wrap break-words text-lg leading-relaxed">{out}</p>;
}

export function MentionList({ mentions }: { mentions: Mention[] }) {
  return (
    <ul>
      {mentions.map((m, i) => (
        <li key={i} className="border-b border-line last:border-0">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-sm">
            <span className="font-semibold">{coin(m.symbol)}</span>
            <Badge>{m.reason.toLowerCase().replaceAll('_', ' ')}</Badge>
            <span className="text-muted">sure to {Number(m.confidence).toFixed(2)}</span>
            <span className={m.polarity > 0 ? 'text-up' : m.polarity < 0 ? 'text-down' : 'text-muted'}>opinion {m.polarity > 0 ? '+' : m.polarity < 0 ? '−' : ''}{Math.abs(m.polarity).toFixed(2)}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}
