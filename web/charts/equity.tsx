'use client';
// Equity (or profit) over time with the drawdown under it. Loaded when it is shown: Recharts is the
// heaviest thing on the overview.

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

export default function EquityChart({ points, what, quote }: { points: Point[]; what: 'equity' | 'profit'; quote: string }) {
  const first = points[0]?.t ?? 0;
  const last = points[points.length - 1]?.t ?? 0;
  const label = (t: number) => (last - first > 2 * 86_400_000 ? day(t) : clock(t, last - first < 600_000));
  const worst = Math.max(0.001, ...points.map((p) => p.drawdown));
  return (
    <div>
      <div className="h-56 sm:h-64">
        <ResponsiveContainer width="100%" height="100%" debounce={60}>
          <AreaChart data={points} margin={{ top: 8, right: 12, bottom: 0, left: 4 }} syncId="equity" accessibilityLayer>
            <CartesianGrid stroke="var(--line)" vertical={false} />
            <XAxis dataKey="t" type="number" domain={['dataMin', 'dataMax']} tickFormatter={label} tick={axis} tickLine={false} axisLine={false} minTickGap={56} hide />
            <YAxis dataKey={what} domain={['auto', 'auto']} tickFormatter={(v: number) => money(v).replace(/\.00$/, '')} tick={axis} tickLine={false} axisLine={false} width={64} />
            {what === 'profit' && <ReferenceLine y={0} stroke="var(--line-strong)" />}
            <Tooltip content={(p) => <Tip active={p.active} payload={p.payload as readonly { payload?: Point }[]} quote={quote} />} isAnimationActive={false} cursor={{ stroke: 'var(--line-strong)' }} />
            <Area dataKey={what} type="stepAfter" stroke="var(--accent)" strokeWidth={1.75} fill="var(--accent)" fillOpacity={0.08} isAnimationActive={false} baseValue="dataMin" dot={false} />
          </AreaChart>
        </ResponsiveContainer>
      </div>
      <div className="h-20">
        <ResponsiveContainer width="100%" height="100%" debounce={60}>
          <AreaChart data={points.map((p) => ({ ...p, under: -p.drawdown }))} margin={{ top: 4, right: 12, bottom: 0, left: 4 }} syncId="equity">
            <XAxis dataKey="t" type="number" domain={['dataMin', 'dataMax']} tickFormatter={label} tick={axis} tickLine={false} axisLine={false} minTickGap={56} />
            <YAxis domain={[-worst, 0]} ticks={[-worst, 0]} tickFormatter={(v: number) => percent(v, worst < 0.02 ? 2 : 1)} tick={axis} tickLine={false} axisLine={false} width={64} />
            <Tooltip content={() => null} cursor={{ stroke: 'var(--line-strong)' }} />
            <Area dataKey="under" type="stepAfter" stroke="var(--down)" strokeWidth={1.25} fill="var(--down)" fillOpacity={0.12} isAnimationActive={false} dot={false} />
          </AreaChart>
        </ResponsiveContainer>
      </div>
    </div>
  );
}
