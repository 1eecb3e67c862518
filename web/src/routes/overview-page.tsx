import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api.ts";
import { EventTable } from "../features/events/event-table.tsx";
import { NoHosts } from "../features/hosts/no-hosts.tsx";
import { StateBar } from "../features/devices/state-bar.tsx";
import { useTail } from "../live/tail.ts";
import { Answer } from "../ui/answer.tsx";
import { Figure } from "../ui/figure.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useFormats } from "../ui/use-formats.ts";
import { Panel } from "../ui/panel.tsx";

const refreshMs = 10_000;
const shownEvents = 8;

/** How the platform is at this moment, and what wants somebody's attention. */
export function OverviewPage() {
  const { t } = useTranslation();
  const hosts = useHostCounts();
  return (
    <PageFrame title={t("nav.overview")}>
      <Answer query={hosts} lines={3}>
        {({ total }) => (total === 0 ? <NoHosts /> : <Troubles />)}
      </Answer>
      <Figures />
      <Devices />
      <h2 className="section">{t("overview.lately")}</h2>
      <Lately />
    </PageFrame>
  );
}

const useHostCounts = () =>
  useQuery({
    queryKey: ["hosts.count"],
    queryFn: () => api.hosts.count.query(),
    refetchInterval: refreshMs,
  });
const useCounts = () =>
  useQuery({
    queryKey: ["devices.count"],
    queryFn: () => api.devices.count.query(),
    refetchInterval: refreshMs,
  });
const useStuck = () =>
  useQuery({
    queryKey: ["sagas.list", "stuck"],
    queryFn: () => api.sagas.list.query({ status: "needs_operator", limit: 500 }),
  });
const useConsumers = () =>
  useQuery({
    queryKey: ["consumers.list"],
    queryFn: () => api.consumers.list.query(),
    refetchInterval: refreshMs,
  });

function Figures() {
  const { t } = useTranslation();
  const { money, number } = useFormats();
  const { perSecond } = useTail();
  const today = useMemo(startOfToday, []);
  const hosts = useHostCounts().data;
  const counts = useCounts().data;
  const consumers = useConsumers().data;
  const revenue = useQuery({
    queryKey: ["ledger.revenue", today],
    queryFn: () => api.ledger.revenue.query({ since: today }),
  }).data;
  const lag = Math.max(0, ...(consumers ?? []).map((one) => one.lag));
  return (
    <div className="figures">
      <Figure
        name={t("overview.hostsUp")}
        value={hosts ? `${hosts.byState.connected ?? 0} / ${hosts.total}` : "–"}
      />
      <Figure
        name={t("overview.running")}
        value={counts ? number(counts.byState.running ?? 0) : "–"}
        note={counts && t("overview.leased", { count: counts.leased })}
      />
      <Figure
        name={t("overview.revenue")}
        value={revenue ? money(revenue.amountMinor, revenue.currency) : "–"}
      />
      <Figure
        name={t("overview.events")}
        value={number(perSecond, 1)}
        note={t("overview.lag", { count: lag })}
      />
    </div>
  );
}

function startOfToday(): string {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate()).toISOString();
}

/** What is wrong now, each with the page that tells more. */
function Troubles() {
  const { t } = useTranslation();
  const hosts = useHostCounts().data?.byState;
  const failed = useCounts().data?.byState.failed ?? 0;
  const stuck = useStuck().data?.length ?? 0;
  const dead = (useConsumers().data ?? []).reduce((sum, one) => sum + one.dead, 0);
  const lost = (hosts?.lost ?? 0) + (hosts?.suspected ?? 0);
  const troubles = [
    { count: lost, words: t("overview.lostHosts", { count: lost }), to: "/hosts" },
    { count: failed, words: t("overview.failedDevices", { count: failed }), to: "/devices" },
    { count: stuck, words: t("overview.stuckSagas", { count: stuck }), to: "/sagas" },
    { count: dead, words: t("overview.deadLetters", { count: dead }), to: "/dead-letters" },
  ] as const;
  const now = troubles.filter(({ count }) => count > 0);
  if (now.length === 0)
    return <Alert className="above" type="success" showIcon title={t("overview.allWell")} />;
  return (
    <div className="findings above" role="region" aria-label={t("overview.troubles")}>
      {now.map(({ words, to }) => (
        <Alert
          key={to}
          type="error"
          showIcon
          title={words}
          action={<Link to={to}>{t("overview.look")}</Link>}
        />
      ))}
    </div>
  );
}

function Devices() {
  const { t } = useTranslation();
  const counts = useCounts();
  return (
    <Panel title={t("overview.devices")}>
      <Answer query={counts} lines={1}>
        {({ byState, total }) => <StateBar byState={byState} total={total} />}
      </Answer>
    </Panel>
  );
}

function Lately() {
  const { t } = useTranslation();
  const { events } = useTail();
  const first = useQuery({
    queryKey: ["events.lately"],
    queryFn: () => api.events.list.query({ limit: shownEvents }),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  const known = new Set(events.map(({ position }) => position));
  const older = (first ?? []).toReversed().filter(({ position }) => !known.has(position));
  return (
    <EventTable events={[...events, ...older].slice(0, shownEvents)} empty={t("events.waiting")} />
  );
}
