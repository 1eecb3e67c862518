import type uPlot from "uplot";

/** Room of the axis below, in pixels: uPlot leaves more, for a title, which no axis here has. */
const belowPx = 30;

/** How the axes of every chart look, in the colour of its texts: no lines upwards from the one below, faint ones across from the one beside. */
export function axesIn(ink: string): Record<"below" | "beside", uPlot.Axis> {
  const plain = { stroke: ink, ticks: { show: false } };
  const across = { stroke: `color-mix(in srgb, ${ink} 12%, transparent)`, width: 1 };
  return {
    below: { ...plain, grid: { show: false }, size: belowPx },
    beside: { ...plain, grid: across },
  };
}
