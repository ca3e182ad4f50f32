'use client';
// Equity (or profit) over time with the drawdown under it. Loaded when it is shown: Recharts is the
// heaviest thing on the overview.

import { memo } from 'react';
import { Area, AreaChart, CartesianGrid, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import { clock, day, exact, money, percent } from '@/data/format';

export type Point = { t: number; equity: number; profit: number; drawdown: number };

const axis = { fontSize: 11, fill: 'var(--muted)' } as const;

function Tip({ active, payload, quote }: { active?: boolean; payload?: readonly { payload?: Point }[]; quote: string }) {
  const p = payload?.[0]?.payload;
  if (!active || !p) return null;
  return (
    <div className="rounded-lg border border-line bg-surface px-3 py-2 text-xs shadow-xl">
      <div className="text-muted">{exact(new Date(p.t).toISOString())}</div>
      <div><span className="text-muted">Equity </span><b>{money(p.equity)}</b> {quote}</div>
      <div><span className="text-muted">Profit </span>{money(p.profit, true)}</div>
      <div><span className="text-muted">Below its peak </span>{percent(p.drawdown)}</div>
    </div>
  );
}

const LEFT = 68; // the value axis and its margin, and RIGHT the plot's: the strip below lines up with it
const RIGHT = 12;

export default memo(function EquityChart({ points, what, quote }: { points: Point[]; what: 'equity' | 'profit'; quote: string }) {
  const first = points[0]?.t ?? 0;
  const last = points[points.length - 1]?.t ?? 0;
  const label = (t: number) => (last - first > 2 * 86_400_000 ? day(t) : clock(t, last - first < 600_000));
  return (
    <div className="flex h-full flex-col">
      <div className="min-h-0 flex-1">
        <ResponsiveContainer width="100%" height="100%" debounce={60}>
          <AreaChart data={points} margin={{ top: 8, right: RIGHT, bottom: 0, left: LEFT - 64 }} accessibilityLayer>
            <CartesianGrid stroke="var(--line)" vertical={false} />
            <XAxis dataKey="t" type="number" domain={['dataMin', 'dataMax']} tickFormatter={label} tick={axis} tickLine={false} axisLine={false} minTickGap={56} />
            <YAxis dataKey={what} domain={['auto', 'auto']} tickFormatter={(v: number) => money(v).replace(/\.00$/, '')} tick={axis} tickLine={false} axisLine={false} width={64} />
            {what === 'profit' && <ReferenceLine y={0} stroke="var(--line-strong)" />}
            <Tooltip content={(p) => <Tip active={p.active} payload={p.payload as readonly { payload?: Point }[]} quote={quote} />} isAnimationActive={false} cursor={{ stroke: 'var(--line-strong)' }} />
            <Area dataKey={what} type="stepAfter" stroke="var(--accent)" strokeWidth={1.75} fill="var(--accent)" fillOpacity={0.08} isAnimationActive={false} baseValue="dataMin" dot={false} />
          </AreaChart>
        </ResponsiveContainer>
      </div>
      <Drawdown points={points} first={first} last={last} />
    </div>
  );
});

/** How far below its peak it was, hanging from zero, over the same time as the curve above. */
function Drawdown({ points, first, last }: { points: Point[]; first: number; last: number }) {
  const worst = Math.max(0.001, ...points.map((p) => p.drawdown));
  const x = (t: number) => (((t - first) / Math.max(1, last - first)) * 1000).toFixed(1);
  const steps = points.map((p) => `H${x(p.t)}V${((p.drawdown / worst) * 100).toFixed(1)}`).join('');
  return (
    <div className="mt-1 flex h-14 text-[11px] leading-none text-muted" style={{ paddingRight: RIGHT }}>
      <div className="flex shrink-0 flex-col items-end justify-between pr-2" style={{ width: LEFT }}>
        <span>{percent(0, 0)}</span>
        <span>{percent(-worst, worst < 0.02 ? 2 : 1)}</span>
      </div>
      <svg role="img" aria-label={`Drawdown, ${percent(worst)} at worst`} viewBox="0 0 1000 100" preserveAspectRatio="none" className="min-w-0 flex-1 border-t border-line">
        <path d={`M0 0${steps}V0Z`} fill="var(--down)" fillOpacity="0.12" />
        <path d={`M0 0${steps}`} fill="none" stroke="var(--down)" strokeWidth="1.25" vectorEffect="non-scaling-stroke" />
      </svg>
    </div>
  );
}
