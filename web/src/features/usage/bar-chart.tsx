import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { axesIn } from "../../ui/chart-axes.ts";

export interface Bar {
  /** ISO date: "2026-11-25". */
  readonly day: string;
  readonly value: number;
}

interface BarWords {
  format(value: number): string;
  formatDay(iso: string): string;
}

interface BarChartProps extends BarWords {
  readonly bars: readonly Bar[];
  /** What is drawn, for whoever can't see it; the numbers themselves stand in a table beside it. */
  readonly label: string;
}

const heightPx = 220;
/** The least room of a day's name and of an amount. */
const dayPx = 70;
const amountPx = 76;

/** One bar a day. */
export function BarChart({ bars, label, format, formatDay }: BarChartProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parent = box.current;
    if (!parent) return undefined;
    const size = (): { width: number; height: number } => ({
      width: parent.clientWidth,
      height: heightPx,
    });
    const style = getComputedStyle(parent);
    const colours = { ink: style.color, accent: style.getPropertyValue("--accent") };
    const options = barOptions(bars, { format, formatDay }, colours);
    const values = [bars.map((_, place) => place), bars.map(({ value }) => value)] as const;
    const chart = new uPlot({ ...options, ...size() }, [[...values[0]], [...values[1]]], parent);
    const observer = new ResizeObserver(() => chart.setSize(size()));
    observer.observe(parent);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [bars, format, formatDay]);
  return <div ref={box} className="chart" role="img" aria-label={label} />;
}

function barOptions(
  bars: readonly Bar[],
  { format, formatDay }: BarWords,
  { ink, accent }: { readonly ink: string; readonly accent: string },
): Omit<uPlot.Options, "width" | "height"> {
  const dayAt = (place: number): string => {
    const bar = Number.isInteger(place) ? bars[place] : undefined;
    return bar ? formatDay(bar.day) : "";
  };
  const { below, beside } = axesIn(ink);
  const paths = uPlot.paths.bars?.({ size: [0.7, 48] });
  return {
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-0.6, bars.length - 0.4] },
      y: { range: (_chart, _least, most) => [0, Math.max(most * 1.1, 1)] },
    },
    axes: [
      {
        ...below,
        space: dayPx,
        values: (_chart, places) => places.map(dayAt),
      },
      { ...beside, size: amountPx, values: (_chart, values) => values.map(format) },
    ],
    series: [
      {},
      { fill: accent, stroke: accent, points: { show: false }, ...(paths && { paths }) },
    ],
  };
}
