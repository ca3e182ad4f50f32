// Numbers, money and times as people read them. Amounts come as decimal text and go to Intl as text,
// so that not a digit is lost on the way.

const LOCALE = 'en-US';
const formats = new Map<string, Intl.NumberFormat>();

function numberFormat(min: number, max: number, sign: boolean): Intl.NumberFormat {
  const key = `${min}/${max}/${sign}`;
  let f = formats.get(key);
  if (!f) {
    f = new Intl.NumberFormat(LOCALE, {
      minimumFractionDigits: min,
      maximumFractionDigits: max,
      signDisplay: sign ? 'exceptZero' : 'auto',
    });
    formats.set(key, f);
  }
  return f;
}

type Num = string | number | null | undefined;
export const MINUS = '\u2212';
const dash = '\u2013';
const put = (f: Intl.NumberFormat, v: string | number) => f.format(v as unknown as number).replace('-', MINUS);

export function isNone(v: Num): v is null | undefined | '' {
  return v === null || v === undefined || v === '' || Number.isNaN(Number(v));
}
export function int(v: Num): string {
  return isNone(v) ? dash : put(numberFormat(0, 0, false), v);
}
/** Two decimals: balances, profit. */
export function money(v: Num, sign = false): string {
  return isNone(v) ? dash : put(numberFormat(2, 2, sign), v);
}
/** As many decimals as its size deserves: 37,477.60 and 0.379948. */
export function price(v: Num): string {
  if (isNone(v)) return dash;
  const a = Math.abs(Number(v));
  const digits = a >= 1000 ? 2 : a >= 10 ? 3 : a >= 1 ? 4 : a >= 0.01 ? 6 : 8;
  return put(numberFormat(Math.min(2, digits), digits, false), v);
}
export function qty(v: Num): string {
  return isNone(v) ? dash : put(numberFormat(0, 8, false), v);
}
/** A share of one as percent. */
export function percent(v: Num, digits = 2, sign = false): string {
  return isNone(v) ? dash : `${put(numberFormat(digits, digits, sign), Number(v) * 100)}\u00a0%`;
}
export function dollars(v: Num): string {
  return isNone(v) ? dash : `$${put(numberFormat(2, 4, false), v)}`;
}

export function ms(iso: string | null | undefined): number | null {
  if (!iso) return null;
  const t = Date.parse(iso);
  return Number.isNaN(t) ? null : t;
}

const pad = (n: number, w = 2) => String(n).padStart(w, '0');
/** The exact time, in UTC as everywhere in the program. */
export function exact(iso: string | null | undefined): string {
  const t = ms(iso);
  if (t === null) return 'never';
  const d = new Date(t);
  return (
    `${d.getUTCFullYear()}-${pad(d.getUTCMonth() + 1)}-${pad(d.getUTCDate())} ` +
    `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}:${pad(d.getUTCSeconds())}.${pad(d.getUTCMilliseconds(), 3)} UTC`
  );
}
export function clock(t: number, seconds = true): string {
  const d = new Date(t);
  return `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}${seconds ? `:${pad(d.getUTCSeconds())}` : ''}`;
}
export function day(t: number): string {
  return new Date(t).toLocaleDateString(LOCALE, { day: 'numeric', month: 'short', timeZone: 'UTC' });
}

/** 3 s, 4 min, 2 h, 5 d: one unit is enough at a glance. */
export function span(t_ms: number): string {
  const s = Math.max(0, Math.round(t_ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}
/** Short lengths with their parts: 340 ms, 2.41 s, 12 min 3 s. */
export function length(t_ms: number): string {
  const a = Math.abs(t_ms);
  if (a < 1) return `${Math.round(a * 1000)} µs`;
  if (a < 1000) return `${a < 10 ? a.toFixed(1) : Math.round(a)} ms`;
  if (a < 60_000) return `${(a / 1000).toFixed(2)} s`;
  if (a < 3_600_000) return `${Math.floor(a / 60_000)} min ${Math.round((a % 60_000) / 1000)} s`;
  return `${Math.floor(a / 3_600_000)} h ${Math.floor((a % 3_600_000) / 60_000)} min`;
}

/** BTCUSDT is BTC to people who hold USDT anyway. */
export function coin(symbol: string): string {
  return symbol.replace(/(USDT|USDC|FDUSD|BUSD)$/, '') || symbol;
}
export function title(code: string): string {
  const s = code.toLowerCase().replaceAll('_', ' ');
  return s.charAt(0).toUpperCase() + s.slice(1);
}
