import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Table, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Host } from "../api.ts";
import { EnrolHost } from "../features/hosts/enrol-host.tsx";
import { NoHosts } from "../features/hosts/no-hosts.tsx";
import { HostState } from "../features/hosts/host-state.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useFormats } from "../ui/use-formats.ts";

/** The machines that phones are on. */
export function HostsPage() {
  const { t } = useTranslation();
  const hosts = useQuery({
    queryKey: ["hosts.list"],
    queryFn: () => api.hosts.list.query(),
    refetchInterval: 10_000,
  });
  return (
    <PageFrame title={t("nav.hosts")} actions={<EnrolHost />}>
      <Answer query={hosts}>
        {(found) => (found.length === 0 ? <NoHosts /> : <HostTable hosts={found} />)}
      </Answer>
    </PageFrame>
  );
}

function HostTable({ hosts }: { readonly hosts: readonly Host[] }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  return (
    <div className="rows" role="region" aria-label={t("nav.hosts")}>
      <Table<Host>
        size="small"
        pagination={hosts.length > 100 && { pageSize: 100 }}
        dataSource={hosts}
        rowKey={({ hostId }) => hostId}
        columns={[
          {
            title: t("hosts.name"),
            render: (_, { hostId, name }) => (
              <Link to="/hosts/$host" params={{ host: hostId }}>
                <bdi>{name}</bdi>
              </Link>
            ),
          },
          { title: t("list.state"), render: (_, host) => <HostState host={host} /> },
          {
            title: t("hosts.phones"),
            align: "right",
            render: (_, { devices, providers }) =>
              `${devices} / ${providers.reduce((sum, { capacity }) => sum + capacity, 0)}`,
          },
          {
            title: t("hosts.health"),
            responsive: ["sm"],
            render: (_, host) => <Health host={host} />,
          },
          {
            title: t("hosts.lastSeen"),
            responsive: ["md"],
            render: (_, { lastSeenAt }) => lastSeenAt && time(lastSeenAt),
          },
          { title: t("hosts.version"), responsive: ["lg"], dataIndex: "agentVersion" },
        ]}
      />
    </div>
  );
}

function Health({ host: { health } }: { readonly host: Host }) {
  const { t } = useTranslation();
  if (!health) return <span className="faint">{t("hosts.unchecked")}</span>;
  if (health.fails === 0 && health.warnings === 0)
    return <Tag color="success">{t("hosts.level.ok")}</Tag>;
  return (
    <>
      {health.fails > 0 && <Tag color="error">{t("hosts.fails", { count: health.fails })}</Tag>}
      {health.warnings > 0 && (
        <Tag color="warning">{t("hosts.warnings", { count: health.warnings })}</Tag>
      )}
    </>
  );
}
