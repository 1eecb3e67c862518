import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type TableProps, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Host } from "../api.ts";
import { EnrolHost } from "../features/hosts/enrol-host.tsx";
import { NoHosts } from "../features/hosts/no-hosts.tsx";
import { HostState } from "../features/hosts/host-state.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { useFormats } from "../ui/use-formats.ts";

type Columns = NonNullable<TableProps<Host>["columns"]>;

const refreshMs = 10_000;

/** The machines that phones are on. */
export function HostsPage() {
  const { t } = useTranslation();
  const counts = useQuery({ queryKey: ["hosts.count"], queryFn: () => api.hosts.count.query() });
  return (
    <PageFrame title={t("nav.hosts")} actions={<EnrolHost />}>
      <Answer query={counts}>{({ total }) => (total === 0 ? <NoHosts /> : <HostRows />)}</Answer>
    </PageFrame>
  );
}

function HostRows() {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const columns = useColumns();
  return (
    <>
      <div className="filters">
        <SearchBox label={t("hosts.search")} value={search} onChange={setSearch} />
      </div>
      <Rows<Host>
        label={t("nav.hosts")}
        queryKey={["hosts.list", search]}
        page={(last, limit) =>
          api.hosts.list.query({
            limit,
            ...(search && { search }),
            ...(last && { after: last.hostId }),
          })
        }
        refreshMs={refreshMs}
        rowKey={({ hostId }) => hostId}
        empty={t("hosts.noneFound")}
        columns={columns}
      />
    </>
  );
}

function useColumns(): Columns {
  const { t } = useTranslation();
  const { time } = useFormats();
  return [
    {
      title: t("hosts.name"),
      width: 180,
      render: (_, { hostId, name }) => (
        <Link to="/hosts/$host" params={{ host: hostId }}>
          <bdi>{name}</bdi>
        </Link>
      ),
    },
    { title: t("list.state"), width: 130, render: (_, host) => <HostState host={host} /> },
    {
      title: t("hosts.phones"),
      align: "right",
      width: 90,
      render: (_, { devices, providers }) =>
        `${devices} / ${providers.reduce((sum, { capacity }) => sum + capacity, 0)}`,
    },
    {
      title: t("hosts.health"),
      responsive: ["sm"],
      width: 160,
      render: (_, host) => <Health host={host} />,
    },
    {
      title: t("hosts.lastSeen"),
      responsive: ["md"],
      width: 160,
      render: (_, { lastSeenAt }) => lastSeenAt && time(lastSeenAt),
    },
    { title: t("hosts.version"), responsive: ["lg"], width: 90, dataIndex: "agentVersion" },
  ];
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
