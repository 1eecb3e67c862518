import { useQuery } from "@tanstack/react-query";
import { Button, Empty, Table } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type AppInfo } from "../api.ts";
import { BatchList } from "../features/apps/batch-list.tsx";
import { InstallMany } from "../features/apps/install-many.tsx";
import { RemoveApp } from "../features/apps/remove-app.tsx";
import { UploadApks } from "../features/apps/upload-apks.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useFormats } from "../ui/use-formats.ts";
import { Panel } from "../ui/panel.tsx";

/** Packages: brought here, put onto phones, and how that went on each. */
export function AppsPage() {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<AppInfo | null>(null);
  const apps = useQuery({ queryKey: ["apps.list"], queryFn: () => api.apps.list.query() });
  return (
    <PageFrame title={t("apps.title")}>
      <UploadApks />
      <Answer query={apps}>
        {(found) =>
          found.length === 0 ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("apps.none")} />
          ) : (
            <AppTable apps={found} onInstall={setChosen} />
          )
        }
      </Answer>
      <h2 className="section">{t("apps.installs")}</h2>
      <BatchList />
      {chosen && <InstallMany app={chosen} onClose={() => setChosen(null)} />}
    </PageFrame>
  );
}

interface AppTableProps {
  readonly apps: readonly AppInfo[];
  onInstall(app: AppInfo): void;
}

function AppTable({ apps, onInstall }: AppTableProps) {
  const { t } = useTranslation();
  const { bytes, time } = useFormats();
  return (
    <Panel>
      <Table<AppInfo>
        size="small"
        pagination={apps.length > 50 && { pageSize: 50 }}
        dataSource={apps}
        rowKey={({ appId }) => appId}
        columns={[
          {
            title: t("apps.app"),
            render: (_, { label, packageName }) => (
              <div className="two-lines">
                <bdi>{label}</bdi>
                {packageName !== label && <bdi className="faint">{packageName}</bdi>}
              </div>
            ),
          },
          {
            title: t("apps.version"),
            responsive: ["sm"],
            render: (_, app) => <bdi>{app.versionName}</bdi>,
          },
          {
            title: t("apps.size"),
            responsive: ["md"],
            align: "right",
            render: (_, app) => bytes(app.bytes),
          },
          {
            title: t("apps.uploadedAt"),
            responsive: ["lg"],
            render: (_, { uploadedAt }) => time(uploadedAt),
          },
          {
            title: <span className="unseen">{t("list.actions")}</span>,
            align: "right",
            render: (_, app) => (
              <span className="row-actions">
                <Button
                  size="small"
                  aria-label={`${t("apps.install")}: ${app.label}`}
                  onClick={() => onInstall(app)}
                >
                  {t("apps.install")}
                </Button>
                <RemoveApp app={app} />
              </span>
            ),
          },
        ]}
      />
    </Panel>
  );
}
