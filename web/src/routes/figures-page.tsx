import { useQuery } from "@tanstack/react-query";
import { Empty, Progress, Table, type TableProps } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api.ts";
import { BarChart } from "../features/usage/bar-chart.tsx";
import { dayBars } from "../features/usage/day-bars.ts";
import { Answer } from "../ui/answer.tsx";
import { Figure } from "../ui/figure.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { Panel } from "../ui/panel.tsx";
import { useFormats } from "../ui/use-formats.ts";

const shownDays = 30;

/** What the platform earned, how busy it is, and how its work goes. */
export function FiguresPage() {
  const { t } = useTranslation();
  return (
    <PageFrame title={t("nav.figures")} lead={t("figures.lead")}>
      <Revenue />
      <h2 className="section">{t("figures.plans")}</h2>
      <Plans />
      <h2 className="section">{t("figures.hosts")}</h2>
      <Hosts />
      <h2 className="section">{t("figures.installs")}</h2>
      <Installs />
      <h2 className="section">{t("nav.sagas")}</h2>
      <Sagas />
    </PageFrame>
  );
}

function Revenue() {
  const { t, i18n } = useTranslation();
  const { money } = useFormats();
  const revenue = useQuery({
    queryKey: ["analytics.revenue", "day"],
    queryFn: () => api.analytics.revenue.query({ by: "day" }),
  });
  const currency = revenue.data?.[0]?.currency ?? "CNY";
  const words = useMemo(() => {
    const style = { month: "short", day: "numeric", timeZone: "UTC" } as const;
    const day = new Intl.DateTimeFormat(i18n.language, style);
    return {
      format: (minor: number): string => money(minor, currency),
      formatDay: (iso: string): string => day.format(new Date(iso)),
    };
  }, [i18n.language, money, currency]);
  return (
    <Answer query={revenue} lines={4}>
      {(lines) => {
        const days = lines.map(({ key, netMinor }) => ({ day: key, amountMinor: netMinor }));
        const sum = (of: (line: (typeof lines)[number]) => number): string =>
          money(
            lines.reduce((total, line) => total + of(line), 0),
            currency,
          );
        return (
          <>
            <div className="figures">
              <Figure name={t("figures.net")} value={sum((line) => line.netMinor)} />
              <Figure
                name={t("figures.prices")}
                value={sum((line) => line.priceMinor + line.renewalMinor)}
              />
              <Figure name={t("figures.usage")} value={sum((line) => line.usageMinor)} />
              <Figure name={t("figures.refunds")} value={sum((line) => line.refundMinor)} />
            </div>
            {days.length > 0 && (
              <Panel title={t("figures.perDay")}>
                <BarChart bars={dayBars(days, shownDays)} label={t("figures.perDay")} {...words} />
              </Panel>
            )}
          </>
        );
      }}
    </Answer>
  );
}

interface LinesProps<T> {
  readonly label: string;
  readonly lines: readonly T[];
  readonly rowKey: (line: T) => string;
  readonly columns: NonNullable<TableProps<T>["columns"]>;
}

function Lines<T extends object>({ label, lines, rowKey, columns }: LinesProps<T>) {
  const { t } = useTranslation();
  if (lines.length === 0)
    return (
      <div className="empty">
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("figures.none")} />
      </div>
    );
  return (
    <div className="rows" role="region" aria-label={label}>
      <Table<T>
        size="small"
        pagination={lines.length > 20 && { pageSize: 20, showSizeChanger: false }}
        dataSource={lines}
        rowKey={rowKey}
        columns={columns}
      />
    </div>
  );
}

function Plans() {
  const { t } = useTranslation();
  const { money } = useFormats();
  const names = useQuery({
    queryKey: ["plans.list", "retired"],
    queryFn: () => api.plans.list.query({ retired: true }),
  }).data;
  const revenue = useQuery({
    queryKey: ["analytics.revenue", "plan"],
    queryFn: () => api.analytics.revenue.query({ by: "plan" }),
  });
  return (
    <Answer query={revenue} lines={2}>
      {(lines) => (
        <Lines
          label={t("figures.plans")}
          lines={lines}
          rowKey={({ key, currency }) => `${key} ${currency}`}
          columns={[
            {
              title: t("orders.plan"),
              render: (_, { key }) => <bdi>{names?.find(({ id }) => id === key)?.name ?? key}</bdi>,
            },
            {
              title: t("figures.usage"),
              align: "right",
              responsive: ["sm"],
              render: (_, { usageMinor, currency }) => money(usageMinor, currency),
            },
            {
              title: t("figures.refunds"),
              align: "right",
              responsive: ["sm"],
              render: (_, { refundMinor, currency }) => money(refundMinor, currency),
            },
            {
              title: t("figures.net"),
              align: "right",
              render: (_, { netMinor, currency }) => money(netMinor, currency),
            },
          ]}
        />
      )}
    </Answer>
  );
}

const percent = (share: number): number => Math.round(share * 1000) / 10;

function Hosts() {
  const { t } = useTranslation();
  const { duration } = useFormats();
  const utilisation = useQuery({
    queryKey: ["analytics.utilisation", "host"],
    queryFn: () => api.analytics.utilisation.query({ by: "host" }),
  });
  const ids = utilisation.data?.map(({ key }) => key) ?? [];
  const names = useQuery({
    queryKey: ["hosts.list", ids],
    queryFn: () => api.hosts.list.query({ ids, limit: 1000 }),
    enabled: ids.length > 0,
  }).data;
  return (
    <Answer query={utilisation} lines={2}>
      {(lines) => (
        <Lines
          label={t("figures.hosts")}
          lines={lines}
          rowKey={({ key }) => key}
          columns={[
            {
              title: t("hosts.one"),
              render: (_, { key }) => (
                <bdi>{names?.find(({ hostId }) => hostId === key)?.name ?? key}</bdi>
              ),
            },
            {
              title: t("figures.rented"),
              responsive: ["sm"],
              render: (_, { rentedMs }) => duration(rentedMs),
            },
            {
              title: t("figures.share"),
              render: (_, { key, share }) => (
                <Progress
                  size="small"
                  percent={percent(share)}
                  status="normal"
                  aria-label={`${t("figures.share")}: ${key}`}
                />
              ),
            },
          ]}
        />
      )}
    </Answer>
  );
}

function Installs() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const installs = useQuery({
    queryKey: ["analytics.installs", "app"],
    queryFn: () => api.analytics.installs.query({ by: "app" }),
  });
  return (
    <Answer query={installs} lines={2}>
      {(lines) => (
        <Lines
          label={t("figures.installs")}
          lines={lines}
          rowKey={({ key }) => key}
          columns={[
            { title: t("apps.app"), render: (_, { key }) => <bdi>{key}</bdi> },
            { title: t("figures.asked"), align: "right", dataIndex: "asked" },
            {
              title: t("figures.success"),
              align: "right",
              render: (_, { successShare }) =>
                successShare === null ? "–" : `${percent(successShare)} %`,
            },
            {
              title: t("figures.time"),
              align: "right",
              responsive: ["sm"],
              render: (_, { p50Ms, p95Ms }) =>
                p50Ms === null ? "–" : `${number(p50Ms)} / ${number(p95Ms ?? p50Ms)} ms`,
            },
          ]}
        />
      )}
    </Answer>
  );
}

function Sagas() {
  const { t } = useTranslation();
  const { number } = useFormats();
  const sagas = useQuery({
    queryKey: ["analytics.sagas"],
    queryFn: () => api.analytics.sagas.query({}),
  });
  return (
    <Answer query={sagas} lines={2}>
      {(lines) => (
        <Lines
          label={t("nav.sagas")}
          lines={lines}
          rowKey={({ key, saga }) => `${key} ${saga}`}
          columns={[
            { title: t("figures.day"), dataIndex: "key" },
            { title: t("sagas.name"), dataIndex: "saga" },
            { title: t("sagas.status.completed"), align: "right", dataIndex: "completed" },
            {
              title: t("sagas.status.compensated"),
              align: "right",
              responsive: ["sm"],
              dataIndex: "compensated",
            },
            {
              title: t("sagas.status.needs_operator"),
              align: "right",
              responsive: ["md"],
              dataIndex: "stalled",
            },
            {
              title: t("figures.time"),
              align: "right",
              responsive: ["lg"],
              render: (_, { p50Ms, p95Ms }) =>
                p50Ms === null ? "–" : `${number(p50Ms)} / ${number(p95Ms ?? p50Ms)} ms`,
            },
          ]}
        />
      )}
    </Answer>
  );
}
