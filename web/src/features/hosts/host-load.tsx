import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, type LoadPoint } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useFormats } from "../../ui/use-formats.ts";
import { LineChart } from "./line-chart.tsx";

const refreshMs = 30_000;
const hours = 24;
/** Three points that are missing are a gap. */
const gapMs = 15 * 60_000;

/** How busy a host was in the last day, as its heartbeats said. */
export function HostLoad({ hostId }: { readonly hostId: string }) {
  const { t } = useTranslation();
  const load = useQuery({
    queryKey: ["hosts.load", hostId],
    queryFn: () => api.hosts.load.query({ hostId, hours }),
    refetchInterval: refreshMs,
  });
  return (
    <Answer query={load} lines={3}>
      {(points) =>
        points.length === 0 ? <p className="faint">{t("load.none")}</p> : <Charts points={points} />
      }
    </Answer>
  );
}

function Charts({ points }: { readonly points: readonly LoadPoint[] }) {
  const { t } = useTranslation();
  const { number, bytes } = useFormats();
  const tenths = useCallback((value: number) => number(value, 1), [number]);
  const whole = useCallback((value: number) => number(value), [number]);
  return (
    <div className="columns">
      <Chart title={t("load.load")} points={points} of={loadOf} format={tenths} />
      <Chart title={t("load.running")} points={points} of={runningOf} format={whole} whole />
      <Chart title={t("load.memory")} points={points} of={memoryOf} format={bytes} />
    </div>
  );
}

const loadOf = ({ load }: LoadPoint): number => load;
const runningOf = ({ running }: LoadPoint): number => running;
const memoryOf = ({ freeMemoryMiB }: LoadPoint): number => freeMemoryMiB * 1024 ** 2;

interface ChartProps {
  readonly title: string;
  readonly points: readonly LoadPoint[];
  readonly whole?: boolean;
  of(point: LoadPoint): number;
  format(value: number): string;
}

function Chart({ title, points, whole = false, of, format }: ChartProps) {
  const { t, i18n } = useTranslation();
  const line = useMemo(
    () => points.map((point) => ({ atMs: Date.parse(point.at), value: of(point) })),
    [points, of],
  );
  const formatTime = useMemo(() => {
    const style = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    const time = new Intl.DateTimeFormat(i18n.language, style);
    return (atMs: number): string => time.format(atMs);
  }, [i18n.language]);
  const values = line.map(({ value }) => value);
  const now = format(values.at(-1) ?? 0);
  return (
    <Panel title={title} extra={<strong>{now}</strong>}>
      <LineChart
        points={line}
        spanMs={hours * 3_600_000}
        whole={whole}
        gapMs={gapMs}
        label={t("load.words", {
          what: title,
          now,
          least: format(Math.min(...values)),
          most: format(Math.max(...values)),
        })}
        format={format}
        formatTime={formatTime}
      />
    </Panel>
  );
}
