// What the API answers, by name. docs/openapi.yaml is the source; see data/schema.d.ts, which is
// made from it with each build.

export type Verdict = 'waiting' | 'traded' | 'refused';
export type SideName = 'NONE' | 'LONG' | 'SHORT';
export type Mode = 'auto' | 'manual' | 'observe' | 'halted';

export type SignalBrief = {
  id: string;
  symbol: string;
  side: SideName;
  score: number;
  verdict: Verdict;
  reason: string | null;
  trade_id: string | null;
};
export type Mention = {
  symbol: string;
  confidence: number;
  polarity: number;
  reason?: string;
  begin?: number;
  end?: number;
  words?: Word[];
};
export type Word = { text?: string; word?: string; weight?: number; begin?: number; end?: number };
export type Tweet = {
  id: string;
  source: string;
  source_id: string | null;
  username: string | null;
  author_id: string | null;
  text: string;
  lang: string | null;
  created_at: string;
  received_at: string;
  missed: boolean;
  edited: boolean;
  deleted: boolean;
  label: 'negative' | 'neutral' | 'positive' | null;
  sentiment_score: number | null;
  signal_score: number | null;
  outcome: string | null;
  mentions: Mention[];
  signals?: SignalBrief[];
};
/** What happened to a post, one after the other. */
export type Step = { step: string; at: string; what: string; order_id?: string; trade_id?: string };
export type Signal = SignalBrief & {
  tweet_id: string;
  base_score: number;
  author: string;
  username: string | null;
  posted_at: string;
  created_at: string;
  expires_at: string;
  wants_approval: boolean;
  approved: boolean;
};
export type Parts = Record<string, number>;
export type SignalFull = Signal & {
  parts: Parts;
  departures: string | null;
  seen_price: string | null;
  seen_at: string | null;
  volatility: string | null;
  moved: string | null;
  sigmas: string | null;
};
export type Approval = SignalFull & { text: string | null };
export type TweetFull = Omit<Tweet, 'signals'> & {
  ref_kind: string;
  ref_id: string | null;
  stored_at: string;
  deleted_at: string | null;
  processed: boolean;
  model: string | null;
  probs: number[] | null;
  cues: string[];
  misses: { reason: string; begin?: number; end?: number }[];
  root_id: string;
  likes: number | null;
  reposts: number | null;
  replies: number | null;
  quotes: number | null;
  signals: SignalFull[];
  trace: Step[];
};
export type Trade = {
  id: string;
  tweet_id: string | null;
  symbol: string;
  side: 'LONG' | 'SHORT';
  leverage: number;
  quantity: string;
  entry_price: string | null;
  stop_loss: string | null;
  take_profit: string | null;
  status: 'OPEN' | 'CLOSED' | 'CANCELLED';
  pnl: string;
  created_at: string;
  closed_at: string | null;
  signal_id: string | null;
  strategy: string;
  closed_reason: string | null;
  fees: string;
  entered_at: string | null;
  hold_until: string | null;
  username: string | null;
};
export type TradeFull = Trade & {
  author: string;
  base_score: number;
  posted_at: string | null;
  quote_price: string | null;
  limit_price: string | null;
  held: string;
  exit_due: boolean;
  exit_reason: string | null;
  shrunk_reason: string | null;
};
export type Order = {
  id: string;
  trade_id: string | null;
  leg: string;
  client_order_id: string;
  venue_order_id: string | null;
  symbol: string;
  side: 'BUY' | 'SELL';
  type: string;
  tif: string;
  quantity: string;
  price: string | null;
  stop_price: string | null;
  status: string;
  filled_quantity: string;
  quote_filled: string;
  created_at: string;
  updated_at: string;
};
export type Fill = {
  id: string;
  order_id: string | null;
  leg: string;
  side: 'BUY' | 'SELL';
  quantity: string;
  price: string;
  quote: string;
  fee: string;
  fee_asset: string;
  filled_at: string;
};
export type TradeWhole = {
  trade: TradeFull;
  post: Tweet | null;
  signal: SignalFull | null;
  orders: Order[];
  fills: Fill[];
  audit: AuditRow[];
};
export type AuditRow = {
  id: string;
  at: string;
  actor: string;
  action: string;
  entity: string;
  entity_id: string | null;
  trade_id: string | null;
  detail: string;
  hash: string;
};
export type Position = {
  symbol: string;
  side: 'LONG' | 'SHORT';
  size: string;
  avg_entry: string;
  leverage: number;
  stop_loss: string | null;
  take_profit: string | null;
  unrealized_pnl: string;
  trade_id: string | null;
  opened_at: string | null;
  hold_until: string | null;
  updated_at: string;
};
export type DeadLetter = {
  id: string;
  source: string;
  kind: string;
  payload: string;
  error: string;
  attempts: number;
  first_at: string;
  last_at: string;
  status: string;
};
export type Gap = { id: string; source: string; from_at: string; until_at: string | null; state: string; posts: number | null; what: string };
export type Worker = { name: string; role: string; pid: number; started_at: string; seen_at: string };

/** Lists come as one array under a name, with where to go on. */
export type Page<K extends string, T> = Record<K, T[]> & { next?: string | null };

export type RawStatus = {
  version: string;
  now: string;
  mode: { mode: Mode; reason: string; actor: string; since: string | null; until: string | null } | null;
  venue: { kind: string; network: 'paper' | 'local' | 'demo' | 'testnet'; is_test: boolean };
  market: { kind: string };
  trader: { running: boolean; pid: number | null; last_beat_at: string | null; started_at: string | null; at?: string | null };
  account: {
    currency: string;
    equity: string | null;
    equity_at: string | null;
    start: string | null;
    cash: string | null;
    pnl_today: string | null;
    pnl_total: string | null;
    fees: string | null;
    drawdown_today: number;
    drawdown_limit: number;
  };
  counts: {
    posts: number;
    posts_today: number;
    signals_today: number;
    trades_today: number;
    open_positions: number;
    waiting: number;
    dead_letters: number;
  };
  last_post_at: string | null;
  last_trade_at: string | null;
};
export type EquityRow = { at: string; equity: string; cash: string; unrealized: string; drawdown: number; minimum: string; maximum: string };
export type Tally = { reason: string; text: string; count: number };
export type FunnelData = {
  since: string | null;
  threshold: number;
  posts: number;
  linked: number;
  scored: number;
  over_threshold: number;
  traded: number;
  refused: Tally[];
  not_scored: { outcome: string; text: string; count: number }[];
};
/** What came of a command: done at once, or stored until the trader has answered. */
export type CommandResult = { id: string; done: boolean; ok: boolean | null; repeated: boolean; running: boolean; mode: Mode; text: string };
export type FlattenOffer = {
  code: string;
  expires_at: string;
  will: { symbol: string; size: string; side: 'LONG' | 'SHORT'; unrealized_pnl: string }[];
  text: string;
};
export type Limit = {
  name: string;
  key: string | null;
  about: string | null;
  used: string | null;
  limit: string | null;
  share: number | null;
  until: string | null;
  text: string;
};
export type WhyStep = { step: string; ok: 'yes' | 'no' | 'unknown'; text: string; since: string | null; until: string | null; setting: string | null };
export type Why = { at: string; first: WhyStep | null; steps: WhyStep[] };
export type Setting = {
  key: string;
  type: string;
  default: string;
  expected: string;
  help: string;
  reloadable: boolean;
  secret: boolean;
  next: string | null; // what it will be from the next start on, where that differs
  value: unknown;
  from: string; // default, profile, file, environment, setting, --set
};
export type Config = { profile: string; file: string | null; keys: Setting[] };
