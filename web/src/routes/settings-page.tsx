import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Table, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Setting } from "../api.ts";
import { useRights } from "../features/roles/use-rights.ts";
import { Listeners } from "../features/settings/listeners.tsx";
import { Pools } from "../features/settings/pools.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { Panel } from "../ui/panel.tsx";
import { useStacked } from "../ui/stacked.tsx";

/** What the hub was started with, and where what holds at once is changed. */
export function SettingsPage() {
  const { t } = useTranslation();
  const rights = useRights();
  const settings = useQuery({
    queryKey: ["settings.list"],
    queryFn: () => api.settings.list.query(),
  });
  return (
    <PageFrame title={t("nav.settings")} lead={t("settings.runningHint")}>
      <div className="panels">
        <Pools />
        {rights.has("listeners.write") && <Listeners />}
        <Elsewhere />
      </div>
      <h2 className="section">{t("settings.started")}</h2>
      <p className="lead">{t("settings.lead")}</p>
      <Answer query={settings}>{(found) => <SettingTable settings={found} />}</Answer>
    </PageFrame>
  );
}

function SettingTable({ settings }: { readonly settings: readonly Setting[] }) {
  const { t } = useTranslation();
  const cards = useStacked<Setting>([
    { title: t("settings.name"), render: (_, { name }) => <code>{name}</code> },
    {
      title: t("settings.value"),
      render: (_, setting) => (
        <>
          <Value setting={setting} /> {setting.standard && <Tag>{t("settings.standard")}</Tag>}
        </>
      ),
    },
    {
      title: t("settings.environment"),
      responsive: ["md"],
      render: (_, { environment }) => <code className="faint">{environment}</code>,
    },
  ]);
  return (
    <div className="rows" role="region" aria-label={t("nav.settings")}>
      <Table<Setting>
        size="small"
        pagination={false}
        dataSource={settings}
        rowKey={({ name }) => name}
        {...cards}
      />
    </div>
  );
}

function Value({ setting: { value, secret } }: { readonly setting: Setting }) {
  const { t } = useTranslation();
  if (secret) return <span className="faint">{t("settings.secret")}</span>;
  return value === null ? <span className="faint">{t("settings.none")}</span> : <bdi>{value}</bdi>;
}

const changedOn = [
  ["plans", "/plans"],
  ["roles", "/roles"],
  ["quotas", "/users"],
  ["drain", "/hosts"],
] as const;

function Elsewhere() {
  const { t } = useTranslation();
  return (
    <Panel title={t("settings.elsewhere")}>
      <ul className="items">
        {changedOn.map(([what, to]) => (
          <li key={what}>
            <Link to={to}>{t(`settings.${what}`)}</Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
