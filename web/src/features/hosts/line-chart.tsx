import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { axesIn } from "../../ui/chart-axes.ts";

export interface ChartPoint {
  readonly atMs: number;
  readonly value: number;
}

interface LineChartProps {
  /** Oldest first. */
  readonly points: readonly ChartPoint[];
  /** What is drawn, with its figures in words, for whoever can't see it. */
  readonly label: string;
  /** What is shown: from so long ago until now. */
  readonly spanMs: number;
  /** Counts have no marks between whole numbers. */
  readonly whole?: boolean;
  /** Points farther apart than this have a gap between them: nothing was heard. */
  readonly gapMs: number;
  format(value: number): string;
  formatTime(atMs: number): string;
}

const heightPx = 150;
const timePx = 64;
const valuePx = 64;

/** One figure over time. */
export function LineChart({ points, label, ...rest }: LineChartProps) {
  const { spanMs, whole = false, gapMs, format, formatTime } = rest;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const size = () => ({ width: parent.clientWidth, height: heightPx });
    const style = getComputedStyle(parent);
    const colours = { ink: style.color, accent: style.getPropertyValue("--accent") };
    const options = lineOptions({ spanMs, whole, format, formatTime }, colours);
    const chart = new uPlot({ ...options, ...size() }, [...withGaps(points, gapMs)], parent);
    const observer = new ResizeObserver(() => chart.setSize(size()));
    observer.observe(parent);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [points, spanMs, whole, gapMs, format, formatTime]);
  return <div ref={box} className="chart small" role="img" aria-label={label} />;
}

function lineOptions(
  {
    spanMs,
    whole,
    format,
    formatTime,
  }: Required<Omit<LineChartProps, "points" | "label" | "gapMs">>,
  { ink, accent }: { readonly ink: string; readonly accent: string },
): Omit<uPlot.Options, "width" | "height"> {
  const { below, beside } = axesIn(ink);
  const nowS = Date.now() / 1000;
  return {
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true, range: [nowS - spanMs / 1000, nowS] },
      y: { range: (_chart, _least, most) => [0, Math.max(most * 1.1, 1)] },
    },
    axes: [
      {
        ...below,
        space: timePx,
        values: (_chart, times) => times.map((seconds) => formatTime(seconds * 1000)),
      },
      {
        ...beside,
        size: valuePx,
        values: (_chart, values) => values.map(format),
        ...(whole && { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] }),
      },
    ],
    series: [
      {},
      {
        stroke: accent,
        width: 2,
        fill: `color-mix(in srgb, ${accent} 14%, transparent)`,
        // A line of few points, or of one, would not be seen.
        points: { show: (chart) => chart.data[0].length < 4 },
      },
    ],
  };
}

/** As uPlot wants it: seconds, values, and nothing where nothing was heard. Pure. */
export function withGaps(
  points: readonly ChartPoint[],
  gapMs: number,
): [number[], (number | null)[]] {
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (const [place, { atMs, value }] of points.entries()) {
    const before = points[place - 1];
    if (before && atMs - before.atMs > gapMs) {
      times.push((before.atMs + 1000) / 1000);
      values.push(null);
    }
    times.push(atMs / 1000);
    values.push(value);
  }
  return [times, values];
}
