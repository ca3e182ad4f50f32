'use client';
// The frame around each page: where one can go, and the health bar, which tells in one line whether
// the program runs, trades, and is heard of. It leads to the sign-in when an answer says so.

import { usePathname, useRouter } from 'next/navigation';
import { useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import { keepLive, liveState, onLiveState } from '@/data/live';
import { onUnauthorized, isStale } from '@/data/query';
import { onReachability, reachability } from '@/data/client';
import { useTick } from '@/data/now';
import { mayTrade, signOut, useSession, whoAmI } from '@/data/session';
import { clock, day, money, ms, percent, span } from '@/data/format';
import { nearLimits, networkName, traderState, useStatus, type Status } from '@/data/status';
import { Badge, Pnl, type Tone } from './bits';
import { Bird, Icon, type IconName } from './icons';
import { Link } from './link';
import { Notices } from './notices';

const PAGES: { href: string; name: string; icon: IconName }[] = [
  { href: '/', name: 'Overview', icon: 'overview' },
  { href: '/posts', name: 'Posts', icon: 'posts' },
  { href: '/authors', name: 'Authors', icon: 'authors' },
  { href: '/trades', name: 'Trades', icon: 'trades' },
  { href: '/symbol', name: 'Symbols', icon: 'symbol' },
  { href: '/risk', name: 'Risk', icon: 'risk' },
  { href: '/why', name: 'Why not?', icon: 'why' },
  { href: '/operations', name: 'Operations', icon: 'operations' },
  { href: '/settings', name: 'Settings', icon: 'settings' },
];
const PARENT: Record<string, string> = { '/post': '/posts', '/trade': '/trades' };

export function Shell({ children }: { children: ReactNode }) {
  const router = useRouter();
  const path = usePathname();
  const [menu, setMenu] = useState(false);
  useEffect(() => keepLive(), []);
  useEffect(() => void whoAmI(), []);
  useEffect(() => onUnauthorized(() => {
    if (window.location.pathname !== '/sign-in')
      router.push(`/sign-in?to=${encodeURIComponent(window.location.pathname + window.location.search)}`);
  }), [router]);
  useEffect(() => setMenu(false), [path]);
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[12.5rem_minmax(0,1fr)]">
      <a href="#main" className="sr-only focus:not-sr-only focus:fixed focus:left-2 focus:top-2 focus:z-50 focus:rounded focus:bg-accent focus:px-3 focus:py-2 focus:text-on-accent">
        To the content
      </a>
      <aside className="border-line bg-surface max-lg:border-b lg:sticky lg:top-0 lg:h-dvh lg:border-r">
        <div className="flex items-center gap-2.5 px-4 py-3">
          <Link href="/" className="flex items-center gap-2.5 font-semibold tracking-tight"><Bird /> bullfinch</Link>
          <button type="button" aria-expanded={menu} aria-controls="nav" onClick={() => setMenu(!menu)}
            className="ml-auto flex min-h-10 items-center gap-2 rounded-md px-2 text-sm hover:bg-raised lg:hidden">
            <Icon name={menu ? 'close' : 'menu'} /> {menu ? 'Close' : 'Menu'}
          </button>
        </div>
        <nav id="nav" aria-label="Pages" className={`px-2 pb-3 lg:block ${menu ? '' : 'hidden'}`}>
          <ul className="space-y-0.5">
            {PAGES.map((p) => {
              const here = path === p.href || PARENT[path] === p.href;
              return (
                <li key={p.href}>
                  <Link href={p.href} aria-current={here ? 'page' : undefined}
                    className={`flex min-h-10 items-center gap-2.5 rounded-md px-2.5 text-sm ${here ? 'bg-raised font-semibold' : 'text-muted hover:bg-raised hover:text-text'}`}>
                    <Icon name={p.icon} /> {p.name}
                  </Link>
                </li>
              );
            })}
          </ul>
          <Who />
          <ThemeSwitch />
        </nav>
      </aside>
      <div className="min-w-0">
        <HealthBar />
        <Untold />
        <main id="main" tabIndex={-1} className="mx-auto max-w-[150rem] px-3 py-4 outline-none sm:px-5 lg:px-6 lg:py-5">{children}</main>
      </div>
      <Notices />
    </div>
  );
}

type Verdict = { tone: Tone; icon: IconName; word: string; why: string };

/** The one word that is true of the program as a whole; the worst thing first. */
export function verdictOf(s: Status | undefined, reachable: boolean, stale: boolean): Verdict {
  if (!reachable) return { tone: 'down', icon: 'stop', word: 'No answer', why: 'bullfinch does not answer; what you see is old' };
  if (!s) return { tone: 'plain', icon: 'wait', word: 'Asking', why: 'the status is not known yet' };
  if (stale) return { tone: 'warn', icon: 'wait', word: 'Old status', why: 'the status has not been heard of for a while' };
  const trader = traderState(s);
  if (trader === 'none') return { tone: 'down', icon: 'stop', word: 'No trader', why: 'no trader has ever run on this store' };
  if (trader === 'down') return { tone: 'down', icon: 'stop', word: 'Not running', why: 'no trader is running; nothing is watched but by the exchange' };
  if (trader === 'silent') return { tone: 'down', icon: 'stop', word: 'Trader silent', why: 'the trader does not give signs of life' };
  if (s.replay?.ended) return { tone: 'plain', icon: 'ok', word: 'Replay over', why: 'every recorded post and price was played; nothing more will come' };
  const mode = s.mode?.mode;
  if (mode === 'halted') return { tone: 'down', icon: 'stop', word: 'Halted', why: s.mode?.reason || 'nothing is opened until somebody resumes' };
  if (mode === 'observe') return { tone: 'warn', icon: 'wait', word: 'Observing', why: 'signals are made, orders are not' };
  if (mode === 'manual') return { tone: 'warn', icon: 'wait', word: 'Manual', why: 'each entry waits for a person' };
  return { tone: 'up', icon: 'ok', word: 'Trading', why: 'it runs and decides by itself' };
}

/** A replay tells so: its day is not today, and when it is over nothing will come. */
function replayText(s: Status): string {
  const t = ms(s.trader.at), speed = s.replay?.speed;
  return `Replay${t === null ? '' : ` of ${day(t)} ${new Date(t).getUTCFullYear()}`}, ${speed ? `${speed}×` : 'full speed'}`;
}

function HealthBar() {
  const q = useStatus();
  const now = useTick();
  const live = useSyncExternalStore(onLiveState, liveState, () => 'connecting' as const);
  const reachable = useSyncExternalStore(
    onReachability,
    () => reachability().lastFail <= reachability().lastOk,
    () => true,
  );
  const s = q.data;
  const v = verdictOf(s, reachable, now > 0 && isStale(q, now));
  const dim = !reachable ? 'opacity-60 grayscale' : '';
  return (
    <header aria-label="Health" role="banner" className="sticky top-0 z-30 border-b border-line bg-surface">
      <div className="mx-auto flex min-h-11 max-w-[150rem] flex-wrap items-center gap-x-4 gap-y-1.5 px-3 py-2 sm:px-5 lg:px-6">
        <Link href="/why" title={v.why} data-testid="verdict" className="inline-flex"><Badge tone={v.tone} icon={v.icon}>{v.word}</Badge></Link>
        {s && <span className={`inline-flex ${dim}`}><Badge title="No real money, ever">{networkName(s)}</Badge></span>}
        {s?.replay && <span className={`inline-flex ${dim}`}><Badge title="Posts and prices of the past, in a time of their own">{replayText(s)}</Badge></span>}
        {s && (
          <span className={`text-sm ${dim}`} title="Of trades closed on this day (UTC)">
            <span className="text-muted">Today </span><Pnl value={s.account.pnl_today} className="font-semibold" />
          </span>
        )}
        {s?.account.equity != null && (
          <span className={`text-sm max-sm:hidden ${dim}`}><span className="text-muted">Equity </span><span className="font-semibold">{money(s.account.equity)}</span> <span className="text-muted">{s.account.currency}</span></span>
        )}
        {s?.account.equity != null && (
          <span className={`text-sm max-md:hidden ${dim}`}><span className="text-muted">Day&apos;s drawdown </span>{percent(s.account.drawdown_today)}</span>
        )}
        {s && s.counts.waiting > 0 && <Link href="/risk" className="inline-flex"><Badge tone="warn" icon="wait">{s.counts.waiting} to approve</Badge></Link>}
        {s && s.counts.dead_letters > 0 && <Link href="/operations" className="inline-flex max-sm:hidden"><Badge tone="warn" icon="warn">{s.counts.dead_letters} dead letter{s.counts.dead_letters === 1 ? '' : 's'}</Badge></Link>}
        {s && nearLimits(s).map((l) => <Link key={l} href="/risk" className="inline-flex max-md:hidden"><Badge tone="warn" icon="warn">{l} near its limit</Badge></Link>)}
        <span className="ml-auto text-xs text-muted" data-testid="connection">
          {!reachable ? (
            <span className="font-medium text-down">Last heard {q.at && now ? `${span(now - q.at)} ago` : 'never'}</span>
          ) : live === 'live' ? (
            <span title="Changes arrive as they happen"><span aria-hidden="true" className="text-up">●</span> Live</span>
          ) : live === 'polling' ? (
            <span title="No event stream; asking every few seconds instead"><span aria-hidden="true" className="text-warn">●</span> Polling</span>
          ) : 'Connecting'}
          {q.at ? <span className="max-sm:hidden"> · {clock(q.at)} UTC</span> : null}
        </span>
      </div>
    </header>
  );
}

const PUT_AWAY = 'untold.put-away';

/** Where nobody would hear of a stop or a position without one: said on every page, until put away. */
function Untold() {
  const s = useStatus().data;
  const [away, setAway] = useState(true);
  useEffect(() => setAway(sessionStorage.getItem(PUT_AWAY) === '1'), []);
  if (!s || s.notify.told || s.replay || away) return null;
  const putAway = () => {
    sessionStorage.setItem(PUT_AWAY, '1');
    setAway(true);
  };
  return (
    <aside aria-label="Nobody is told" data-testid="untold" className="border-b border-line bg-warn-soft text-sm">
      <div className="mx-auto flex max-w-[150rem] items-start gap-x-3 px-3 py-1.5 sm:px-5 lg:px-6">
        <Icon name="warn" className="mt-1 text-warn" />
        <p className="min-w-0 flex-1 py-0.5"><b>Nobody would be told</b> if trading stopped: {s.notify.why}. <Link href="/operations" className="whitespace-nowrap text-accent underline">Who is told</Link></p>
        <button type="button" aria-label="Put away until this tab is closed" onClick={putAway} className="grid size-7 shrink-0 place-items-center rounded hover:bg-raised"><Icon name="close" /></button>
      </div>
    </aside>
  );
}

function Who() {
  const s = useSession();
  const signedIn = s?.csrf != null;
  return (
    <div className="mt-3 border-t border-line px-2.5 pt-3 text-xs text-muted">
      {signedIn ? (
        <>
          <p className="break-words">Signed in as <b className="text-text">{s?.name}</b>, {mayTrade(s) ? 'may give commands' : 'may look'}</p>
          <button type="button" onClick={() => void signOut()} className="mt-1 min-h-6 text-accent underline">Sign out</button>
        </>
      ) : (
        <>
          <p>Looking only.</p>
          <Link href="/sign-in" className="mt-1 inline-flex min-h-6 items-center text-accent underline">Sign in to give commands</Link>
        </>
      )}
    </div>
  );
}

function ThemeSwitch() {
  const [theme, setTheme] = useState<'system' | 'light' | 'dark'>('system');
  useEffect(() => {
    const t = document.documentElement.dataset.theme;
    setTheme(t === 'light' || t === 'dark' ? t : 'system');
  }, []);
  const choose = (t: typeof theme) => {
    setTheme(t);
    if (t === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = t;
    try {
      if (t === 'system') localStorage.removeItem('theme');
      else localStorage.setItem('theme', t);
    } catch {
      // Then it lasts until the page is left.
    }
  };
  return (
    <fieldset className="mt-3 flex gap-1 border-t border-line px-1 pt-3">
      <legend className="sr-only">Theme</legend>
      {(['system', 'light', 'dark'] as const).map((t) => (
        <label key={t} className={`flex-1 cursor-pointer rounded-md px-1.5 py-1.5 text-center text-xs capitalize has-focus-visible:outline-2 has-focus-visible:outline-accent ${theme === t ? 'bg-raised font-medium text-text' : 'text-muted hover:text-text'}`}>
          <input type="radio" name="theme" value={t} checked={theme === t} onChange={() => choose(t)} className="sr-only" />
          {t === 'system' ? 'Auto' : t}
        </label>
      ))}
    </fieldset>
  );
}
