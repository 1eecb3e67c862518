import { useQuery } from "@tanstack/react-query";
import { Button, Empty, Popconfirm } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { useAct } from "../../ui/use-act.ts";
import { answerOf, newKey } from "./command.ts";

/** As much of `app.list.completed` as is shown. */
interface Listed {
  readonly apps: readonly { readonly packageName: string; readonly versionName: string | null }[];
}

/** What a phone itself says is installed on it, to be started, ended and removed. */
export function AppsOnPhone({ deviceId }: { readonly deviceId: string }) {
  const { t } = useTranslation();
  const apps = useQuery({
    queryKey: ["phone.apps", deviceId],
    queryFn: async () => {
      const wish = { device: deviceId, system: false, ...newKey() };
      return (await answerOf(api.apps.onDevice.mutate(wish))) as unknown as Listed;
    },
  });
  return (
    <Answer query={apps} lines={2}>
      {({ apps: found }) =>
        found.length === 0 ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("tools.noApps")} />
        ) : (
          <ul className="items">
            {found.map(({ packageName, versionName }) => (
              <li key={packageName}>
                <bdi className="name" title={packageName}>
                  {packageName}
                </bdi>
                <span className="faint">{versionName}</span>
                <AppActions deviceId={deviceId} packageName={packageName} />
              </li>
            ))}
          </ul>
        )
      }
    </Answer>
  );
}

interface AppActionsProps {
  readonly deviceId: string;
  readonly packageName: string;
}

function AppActions({ deviceId: device, packageName }: AppActionsProps) {
  const { t } = useTranslation();
  const wish = { device, packageName };
  const start = useAct(
    (one: typeof wish) => answerOf(api.apps.start.mutate({ ...one, ...newKey() })),
    {
      changes: [],
    },
  );
  const stop = useAct(
    (one: typeof wish) => answerOf(api.apps.stop.mutate({ ...one, ...newKey() })),
    {
      changes: [],
    },
  );
  const remove = useAct(uninstall, { changes: ["phone.apps", "apps."] });
  return (
    <span className="row-actions wide">
      <Button
        size="small"
        loading={start.isPending}
        aria-label={`${t("devices.start")}: ${packageName}`}
        onClick={() => start.mutate(wish)}
      >
        {t("devices.start")}
      </Button>
      <Button
        size="small"
        loading={stop.isPending}
        aria-label={`${t("tools.endApp")}: ${packageName}`}
        onClick={() => stop.mutate(wish)}
      >
        {t("tools.endApp")}
      </Button>
      <Popconfirm
        title={t("tools.uninstallQuestion")}
        okText={t("tools.uninstall")}
        cancelText={t("app.cancel")}
        onConfirm={() => remove.mutate(wish)}
      >
        <Button
          size="small"
          danger
          loading={remove.isPending}
          aria-label={`${t("tools.uninstall")}: ${packageName}`}
        >
          {t("tools.uninstall")}
        </Button>
      </Popconfirm>
    </span>
  );
}

async function uninstall(wish: { device: string; packageName: string }): Promise<void> {
  await answerOf(api.apps.uninstall.mutate({ ...wish, ...newKey() }));
}
