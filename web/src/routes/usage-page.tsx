import { DownloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api.ts";
import { type Bar, BarChart } from "../features/usage/bar-chart.tsx";
import { dayBars } from "../features/usage/day-bars.ts";
import { RunRows } from "../features/usage/run-rows.tsx";
import { saveUsage } from "../features/usage/save-usage.ts";
import { Answer } from "../ui/answer.tsx";
import { Figure } from "../ui/figure.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useAct } from "../ui/use-act.ts";
import { useFormats } from "../ui/use-formats.ts";
import { useUser } from "../ui/use-user.ts";
import { Panel } from "../ui/panel.tsx";

const shownDays = 30;

/** What ran, for how long, and what that cost. */
export function UsagePage() {
  const { t } = useTranslation();
  const isCustomer = useUser()?.role === "customer";
  return (
    <PageFrame title={t(isCustomer ? "usage.title" : "usage.allTitle")} actions={<SaveButton />}>
      <PerDay />
      <h2 className="section">{t("usage.runs")}</h2>
      <RunRows />
    </PageFrame>
  );
}

function PerDay() {
  const { t } = useTranslation();
  const { money, duration } = useFormats();
  const days = useQuery({
    queryKey: ["analytics.usagePerDay", shownDays],
    queryFn: () => api.analytics.usagePerDay.query({ limit: shownDays * 3 }),
  });
  return (
    <Answer query={days} lines={4}>
      {(found) => {
        const currency = found[0]?.currency ?? "CNY";
        const sum = (of: (day: (typeof found)[number]) => number): number =>
          found.reduce((total, day) => total + of(day), 0);
        return (
          <>
            <div className="figures">
              <Figure
                name={t("usage.charged")}
                value={money(
                  sum((d) => d.amountMinor),
                  currency,
                )}
              />
              <Figure name={t("usage.time")} value={duration(sum((d) => d.durationMs))} />
              <Figure name={t("usage.includedTime")} value={duration(sum((d) => d.includedMs))} />
            </div>
            {found.length > 0 && <Chart bars={dayBars(found, shownDays)} currency={currency} />}
          </>
        );
      }}
    </Answer>
  );
}

function Chart({ bars, currency }: { readonly bars: readonly Bar[]; readonly currency: string }) {
  const { t, i18n } = useTranslation();
  const { money } = useFormats();
  const words = useMemo(() => {
    const day = new Intl.DateTimeFormat(i18n.language, {
      month: "short",
      day: "numeric",
      timeZone: "UTC",
    });
    return {
      format: (minor: number): string => money(minor, currency),
      formatDay: (iso: string): string => day.format(new Date(iso)),
    };
  }, [i18n.language, money, currency]);
  return (
    <Panel title={t("usage.perDay")}>
      <BarChart bars={bars} label={t("usage.chart", { days: shownDays })} {...words} />
    </Panel>
  );
}

function SaveButton() {
  const { t } = useTranslation();
  const save = useAct<null, void>(saveUsage, { changes: [] });
  return (
    <Button icon={<DownloadOutlined />} loading={save.isPending} onClick={() => save.mutate(null)}>
      {t("list.csv")}
    </Button>
  );
}
