import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Alert, Empty, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type HostDetail } from "../api.ts";
import { DeviceRows } from "../features/devices/device-rows.tsx";
import { DrainHost } from "../features/hosts/drain-host.tsx";
import { HostLoad } from "../features/hosts/host-load.tsx";
import { HostState } from "../features/hosts/host-state.tsx";
import { Answer } from "../ui/answer.tsx";
import { CopyText } from "../ui/copy-text.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useFormats } from "../ui/use-formats.ts";
import { Panel } from "../ui/panel.tsx";

/** One host: how it is, what its doctor found, what it can have and has. */
export function HostPage() {
  const { t } = useTranslation();
  const { host: ref } = useParams({ from: "/signed-in/hosts/$host" });
  const host = useQuery({
    queryKey: ["hosts.show", ref],
    queryFn: () => api.hosts.show.query({ host: ref }),
    refetchInterval: 10_000,
  });
  return (
    <PageFrame
      title={host.data?.name ?? t("hosts.one")}
      actions={host.data && <DrainHost host={host.data} />}
    >
      <Answer query={host}>
        {(found) => (
          <>
            <div className="columns">
              <Facts host={found} />
              <Providers host={found} />
            </div>
            <h2 className="section">{t("load.title")}</h2>
            <HostLoad hostId={found.hostId} />
            <h2 className="section">{t("hosts.findings")}</h2>
            <Findings host={found} />
            <h2 className="section">{t("nav.devices")}</h2>
            <DeviceRows filter={{ hostId: found.hostId }} />
          </>
        )}
      </Answer>
    </PageFrame>
  );
}

function Facts({ host }: { readonly host: HostDetail }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  return (
    <Panel title={t("hosts.facts")} extra={<HostState host={host} />}>
      {host.drain && (
        <Alert
          type="info"
          className="above"
          title={
            <bdi>
              {t("hosts.drainSince", { when: time(host.drain.since), reason: host.drain.reason })}
            </bdi>
          }
        />
      )}
      <dl className="facts-list">
        <div>
          <dt>{t("hosts.lastSeen")}</dt>
          <dd>{host.lastSeenAt ? time(host.lastSeenAt) : t("hosts.neverSeen")}</dd>
        </div>
        <div>
          <dt>{t("hosts.version")}</dt>
          <dd>{host.agentVersion}</dd>
        </div>
        {host.room && (
          <div>
            <dt>{t("hosts.room")}</dt>
            <dd>{t("hosts.roomFor", { count: host.room.devices, by: host.room.boundBy })}</dd>
          </div>
        )}
        <div>
          <dt>{t("app.id")}</dt>
          <dd>{host.hostId}</dd>
        </div>
      </dl>
    </Panel>
  );
}

function Providers({ host: { providers } }: { readonly host: HostDetail }) {
  const { t } = useTranslation();
  return (
    <Panel title={t("hosts.providers")}>
      {providers.length === 0 && <p className="faint">{t("hosts.saidNothing")}</p>}
      <ul className="items">
        {providers.map(({ kind, available, capacity, reason }) => (
          <li key={kind}>
            <span>{kind}</span>
            <Tag color={available ? "success" : "default"}>
              {available ? t("hosts.capacity", { count: capacity }) : t("hosts.unavailable")}
            </Tag>
            {reason !== null && <bdi className="faint">{reason}</bdi>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const levels = { fail: "error", warn: "warning", ok: "success", skipped: "info" } as const;

/** What is wrong comes first, each with the command that mends it. */
function Findings({ host: { findings } }: { readonly host: HostDetail }) {
  const { t } = useTranslation();
  if (findings.length === 0)
    return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("hosts.unchecked")} />;
  const bad = findings.filter(({ level }) => level === "fail" || level === "warn");
  const good = findings.filter(({ level }) => level === "ok" || level === "skipped");
  return (
    <div className="findings">
      {bad
        .toSorted((a, b) => a.level.localeCompare(b.level))
        .map(({ check, level, looksAt, says, why, remedy }) => (
          <Alert
            key={check}
            showIcon
            type={levels[level]}
            title={
              <bdi>
                {looksAt}: {says}
              </bdi>
            }
            description={
              <>
                {why !== null && <p>{why}</p>}
                {remedy !== null && <CopyText isBlock text={remedy} label={t("hosts.remedy")} />}
              </>
            }
          />
        ))}
      <details>
        <summary>{t("hosts.goodFindings", { count: good.length })}</summary>
        <ul className="items">
          {good.map(({ check, level, looksAt, says }) => (
            <li key={check}>
              <bdi>{looksAt}</bdi>
              <Tag color={level === "ok" ? "success" : "default"}>{t(`hosts.level.${level}`)}</Tag>
              <bdi className="faint">{says}</bdi>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}
