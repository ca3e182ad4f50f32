// What the overview asks for, in one place: its HTML asks early (data/early.ts).
export const OVERVIEW_ASKS = {
  status: '/api/status',
  tweets: '/api/tweets?limit=25',
  funnel: '/api/funnel',
  positions: '/api/positions',
  trades: '/api/trades?limit=8',
  equity: '/api/equity?points=400',
  session: '/api/session',
} as const;
