// What the API answers, by short names. All of it comes from docs/openapi.yaml by way of
// data/schema.d.ts, which is made anew with each build: an answer that changes its shape there does
// not compile here.
import type { components, paths } from './schema';

type S = components['schemas'];
/** The body of a 200 of `GET path`. */
type Got<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { 'application/json': infer B } } } } } ? B : never;

export type Mode = S['Command']['mode'];
export type Verdict = S['Signal']['verdict'];
export type SideName = S['Signal']['side'];

export type RawStatus = S['Status'];
export type EquityRow = S['EquityPoint'];
export type FunnelData = S['Funnel'];
export type Profit = S['Profit'];

export type SignalBrief = S['SignalOfTweet'];
export type Signal = S['Signal'];
export type SignalFull = S['SignalWhole'];
export type Approval = S['Approval'];
export type Mention = S['Mention'];
export type Tweet = S['Tweet'];
export type TweetFull = S['TweetWhole'];
export type Step = S['Step'];
export type Weighed = S['Weighed'];
export type WeighedWord = Weighed['words'][number];

export type Trade = S['Trade'];
export type TradeWhole = Got<'/api/trade'>;
export type Order = S['Order'];
export type Fill = S['Fill'];
export type Position = S['Position'];
export type Candles = S['Candles'];
export type Mark = S['Mark'];

export type AuditRow = S['AuditRow'];
export type Verification = S['Verification'];
export type DeadLetter = S['DeadLetter'];
export type Gap = S['Gap'];
export type Worker = S['Worker'];
export type AuthorRow = S['Author'];
export type AuthorWhole = S['AuthorWhole'];
export type Operations = S['Operations'];
export type Queue = Operations['queues'][number];
export type Breaker = Operations['breakers'][number];
export type Health = S['Health'];
export type Source = S['Source'];
export type Cost = S['Cost'];

export type LimitList = S['Limits'];
export type Limit = LimitList['limits'][number];
export type Why = S['Why'];
export type WhyStep = S['WhyStep'];
export type Config = S['Config'];
export type Setting = Config['keys'][number];
export type SymbolList = S['Symbols'];
export type Session = S['Session'];
/** What came of a command: done at once, or stored until the trader has answered. */
export type CommandResult = S['Command'];
export type FlattenOffer = S['FlattenOffer'];

/** Lists come as one array under a name, with where to go on. */
export type Page<K extends string, T> = Record<K, T[]> & { next?: string | null };
