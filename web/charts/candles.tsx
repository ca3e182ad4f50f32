'use client';
// Candles with what happened in them: posts, entries and exits as marks, stop and target as lines.
// Loaded when it is shown. The canvas says nothing to a screen reader; the table beside it does
// (ui/candles.tsx).

import { useEffect, useRef } from 'react';
import {
  CandlestickSeries, ColorType, createChart, createSeriesMarkers, CrosshairMode, LineStyle,
  type IChartApi, type IPriceLine, type ISeriesApi, type ISeriesMarkersPluginApi, type SeriesMarker, type Time, type UTCTimestamp,
} from 'lightweight-charts';
import { ms, price } from '@/data/format';
import type { Candles, Mark } from '@/data/types';

const stamp = (iso: string) => Math.floor((ms(iso) ?? 0) / 1000) as UTCTimestamp;
const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The begin of the candle in which it happened; the nearest one before where there is a gap. */
function candleOf(times: UTCTimestamp[], at: UTCTimestamp): UTCTimestamp | undefined {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((times[mid] as number) <= at) low = mid + 1;
    else high = mid;
  }
  return times[low - 1] ?? times[0];
}

const NAMES: Record<Mark['kind'], string> = { post: '', entry: 'in', exit: 'out', stop: 'stop', target: 'target' };

function marksOf(d: Candles, times: UTCTimestamp[]): SeriesMarker<Time>[] {
  const up = color('--up');
  const down = color('--down');
  const posts = new Map<string, number>();
  const out: SeriesMarker<Time>[] = [];
  for (const m of d.marks) {
    const time = candleOf(times, stamp(m.at));
    if (time === undefined) continue;
    if (m.kind === 'post') {
      // Many posts in one candle are one mark with their number.
      const key = `${time}/${m.side ?? ''}`;
      posts.set(key, (posts.get(key) ?? 0) + 1);
      continue;
    }
    const buys = (m.kind === 'entry') === (m.side !== 'SHORT');
    const tone = m.kind === 'entry' ? color('--accent') : m.kind === 'stop' ? down : m.kind === 'target' ? up : color('--warn');
    out.push({ time, position: buys ? 'belowBar' : 'aboveBar', shape: buys ? 'arrowUp' : 'arrowDown', color: tone, text: NAMES[m.kind] });
  }
  for (const [key, n] of posts) {
    const [time, side] = key.split('/');
    out.push({ time: Number(time) as UTCTimestamp, position: 'aboveBar', shape: 'circle', size: 0.7, color: side === 'LONG' ? up : side === 'SHORT' ? down : color('--muted'), text: n > 1 ? `${n} posts` : '' });
  }
  return out.sort((a, b) => (a.time as number) - (b.time as number));
}

function dress(chart: IChartApi, series: ISeriesApi<'Candlestick'>) {
  const line = color('--line');
  chart.applyOptions({
    layout: { background: { type: ColorType.Solid, color: 'transparent' }, textColor: color('--muted'), fontFamily: 'inherit', fontSize: 11 },
    grid: { vertLines: { visible: false }, horzLines: { color: line } },
    rightPriceScale: { borderColor: line },
    timeScale: { borderColor: line },
  });
  const up = color('--up');
  const down = color('--down');
  series.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false });
}

type Made = { chart: IChartApi; series: ISeriesApi<'Candlestick'>; marks: ISeriesMarkersPluginApi<Time>; lines: IPriceLine[]; shown: string };

export default function CandleChart({ data }: { data: Candles }) {
  const box = useRef<HTMLDivElement>(null);
  const made = useRef<Made | null>(null);

  useEffect(() => {
    if (!box.current) return;
    const chart = createChart(box.current, {
      autoSize: true,
      crosshair: { mode: CrosshairMode.Normal },
      layout: { attributionLogo: false },
      localization: { priceFormatter: (v: number) => price(v) },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 3 },
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false },
    });
    const series = chart.addSeries(CandlestickSeries, {});
    const marks = createSeriesMarkers(series, []);
    made.current = { chart, series, marks, lines: [], shown: '' };
    dress(chart, series);
    // Dark and light may change while it is shown: by the system, or by the button.
    const again = () => dress(chart, series);
    const media = window.matchMedia('(prefers-color-scheme: dark)');
    const watch = new MutationObserver(again);
    media.addEventListener('change', again);
    watch.observe(document.documentElement, { attributes: true });
    return () => {
      media.removeEventListener('change', again);
      watch.disconnect();
      chart.remove();
      made.current = null;
    };
  }, []);

  useEffect(() => {
    const m = made.current;
    if (!m) return;
    const rows = data.candles.map((c) => ({ time: stamp(c.at), open: Number(c.open), high: Number(c.high), low: Number(c.low), close: Number(c.close) }));
    const least = Math.min(...rows.map((r) => r.low));
    const digits = least >= 1000 ? 2 : least >= 10 ? 3 : least >= 1 ? 4 : least >= 0.01 ? 6 : 8;
    m.series.applyOptions({ priceFormat: { type: 'price', precision: digits, minMove: 10 ** -digits } });
    m.series.setData(rows);
    m.marks.setMarkers(marksOf(data, rows.map((r) => r.time)));
    m.lines.forEach((l) => m.series.removePriceLine(l));
    m.lines = data.levels.map((l) => m.series.createPriceLine({
      price: Number(l.price), title: l.kind, color: color(l.kind === 'stop' ? '--down' : '--up'), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: true,
    }));
    // What was scrolled to stays; another coin or interval is shown whole.
    const shown = `${data.symbol}/${data.interval}`;
    if (m.shown !== shown) m.chart.timeScale().fitContent();
    m.shown = shown;
  }, [data]);

  return <div ref={box} aria-hidden="true" className="h-72 w-full sm:h-96" />;
}
