'use client';
// The words that moved a score: marked in the text, and listed with what each does. The sign is told
// by the line below a word and by a number, the colour only helps.

import { useState } from 'react';
import { coin, int } from '@/data/format';
import type { TweetFull, Weighed, WeighedWord } from '@/data/types';
import { byBytes, MarkedText } from './parts';

/** What words are weighed towards: a coin, or the mood of the whole post where it names none. */
export function useTarget(w: Weighed) {
  const [chosen, choose] = useState<string | null>(null);
  const first = w.coins[0]?.symbol ?? null;
  return [w.coins.some((c) => c.symbol === chosen) ? chosen : first, choose] as const;
}

/** Do several words say the same, so that none is missed by itself? Then what each says alone counts. */
const together = (w: Weighed, target: string | null) => (target === null ? w : w.coins.find((c) => c.symbol === target))?.together ?? false;

function effect(w: Weighed, word: WeighedWord, target: string | null) {
  const alone = together(w, target);
  if (target === null) return { value: alone ? word.alone : word.sentiment, names: false, links: false };
  const c = word.coins.find((x) => x.symbol === target);
  return { value: (alone ? c?.alone : c?.value) ?? 0, names: c?.names ?? false, links: c?.links ?? false };
}

// Of hundredths of a point, half upwards, as the program rounds them.
const points = (value: number) => Math.floor((Math.round(Math.abs(value) * 10_000) + 50) / 100);
const signed = (value: number) => `${value > 0 ? '+' : '−'}${points(value)}`;

/** Strength in three steps: a thin line, a line and a ground, a thick line and a ground. */
function look(value: number): string {
  const strong = points(value) >= 20 ? 2 : points(value) >= 5 ? 1 : 0;
  const up = value > 0;
  return [
    'underline underline-offset-4', up ? 'decoration-solid decoration-up' : 'decoration-dashed decoration-down',
    ['decoration-1', 'decoration-2', 'decoration-[3px] font-semibold'][strong],
    strong === 0 ? 'bg-transparent' : up ? 'bg-up-soft' : 'bg-down-soft', up ? 'text-up' : 'text-down',
  ].join(' ');
}

/** The text with the words that count. */
export function WeighedText({ t, target }: { t: TweetFull; target: string | null }) {
  const w = t.weighed;
  if (w.state !== 'weighed') return <MarkedText text={t.text} mentions={t.mentions} />;
  const cut = byBytes(t.text);
  const out: React.ReactNode[] = [];
  let at = 0;
  for (const word of w.words) {
    const e = effect(w, word, target);
    if (!e.names && Math.abs(e.value) < w.least) continue;
    out.push(cut(at, word.begin));
    out.push(e.names
      ? <mark key={word.begin} data-coin title={`Names ${target}`} className="rounded bg-raised px-0.5 font-semibold text-text">{cut(word.begin, word.end)}</mark>
      : <mark key={word.begin} data-weight={e.value} title={`${signed(e.value)} points`} className={`rounded-sm px-0.5 ${look(e.value)}`}>{cut(word.begin, word.end)}<span className="sr-only"> ({signed(e.value)})</span></mark>);
    at = word.end;
  }
  out.push(cut(at));
  return <p data-text className="whitespace-pre-wrap break-words text-lg leading-relaxed">{out}</p>;
}

/** The words with what each does, the strongest first. */
export function WordList({ w, target, choose }: { w: Weighed; target: string | null; choose: (symbol: string) => void }) {
  const rows = w.words.map((word) => ({ word, ...effect(w, word, target) })).filter((r) => !r.names && Math.abs(r.value) >= w.least).sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const most = Math.max(0.01, ...rows.map((r) => Math.abs(r.value)));
  return (
    <div>
      {w.coins.length > 1 && (
        <div role="group" aria-label="Towards which coin" className="flex flex-wrap gap-1 border-b border-line px-4 py-2">
          {w.coins.map((c) => (
            <button key={c.symbol} type="button" aria-pressed={c.symbol === target} onClick={() => choose(c.symbol)}
              className={`min-h-7 rounded-md px-2 text-xs font-medium ${c.symbol === target ? 'bg-accent-soft text-accent' : 'text-muted hover:bg-raised hover:text-text'}`}>
              {coin(c.symbol)}
            </button>
          ))}
        </div>
      )}
      {rows.length > 0 && together(w, target) && <p className="border-b border-line px-4 py-2 text-sm text-muted">Several words say the same, and none is missed by itself. Each alone:</p>}
      {rows.length === 0
        ? <p className="px-4 py-3 text-sm text-muted">{w.words.length === 0 ? 'There is no word in it.' : 'No word moves it by itself.'}</p>
        : (
          <table className="w-full text-sm">
            <caption className="sr-only">Words that moved {target ?? 'the mood of the post'}, in points of the score</caption>
            <thead className="sr-only"><tr><th scope="col">Word</th><th scope="col">Points</th><th scope="col">Strength</th></tr></thead>
            <tbody>
              {rows.map((r) => (
                <tr key={r.word.begin} data-word={r.word.text} data-value={r.value} className="border-b border-line last:border-0">
                  <th scope="row" className="max-w-0 truncate py-1.5 pl-4 pr-2 text-left font-medium" title={r.word.text}>
                    {r.word.text}{r.links && <span className="ml-2 text-xs font-normal text-muted">without it there is no coin</span>}
                  </th>
                  <td className={`w-12 px-2 text-right font-medium ${r.value > 0 ? 'text-up' : 'text-down'}`}>{signed(r.value)}</td>
                  <td className="w-[40%] py-1.5 pl-2 pr-4">
                    <svg aria-hidden="true" viewBox="0 0 100 8" preserveAspectRatio="none" className="h-1.5 w-full rounded-full bg-raised">
                      <rect x={r.value > 0 ? 50 : 50 - 50 * (Math.abs(r.value) / most)} width={50 * (Math.abs(r.value) / most)} height="8" className={r.value > 0 ? 'fill-up' : 'fill-down'} />
                      <rect x="49.75" width="0.5" height="8" className="fill-line-strong" />
                    </svg>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
    </div>
  );
}

/** What there is to know about how the words were weighed; empty when all is as it should be. */
export function weighingNote(w: Weighed): string {
  const notes: string[] = [];
  if (w.state === 'no_reader') return 'The process that answers cannot read posts, so no word can be weighed.';
  if (w.agrees === false && w.stored_by !== w.model) notes.push(`The stored score was made by ${w.stored_by}; the words are weighed by ${w.model}, which may see them otherwise.`);
  else if (w.agrees === false) notes.push('The post reads otherwise now than when it was scored: the names of the coins have changed since.');
  if (w.stored_by === null) notes.push('It was not scored yet; this is how it would be read.');
  if (w.cut) notes.push(`The text is long: the first ${int(w.words.length)} words were weighed.`);
  return notes.join(' ');
}
