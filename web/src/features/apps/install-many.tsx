import { Alert, Checkbox, Empty } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type AppInfo } from "../../api.ts";
import { useAct } from "../../ui/use-act.ts";
import { usePhones } from "../phones/use-phones.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Dialog } from "../../ui/dialog.tsx";

interface InstallManyProps {
  readonly app: AppInfo;
  onClose(): void;
}

/** Which phones an app is for. Those that are off can't take it now. */
export function InstallMany({ app, onClose }: InstallManyProps) {
  const { t } = useTranslation();
  const phones = usePhones();
  // All, also those that are switched on while one looks.
  const [picked, setPicked] = useState<readonly string[] | "all">([]);
  const install = useAct(
    (devices: readonly string[], idempotencyKey) =>
      api.apps.installBatch.mutate({
        app: app.appId,
        targets: { devices: [...devices] },
        idempotencyKey,
      }),
    { changes: ["apps."], done: t("apps.begun"), onDone: onClose },
  );
  const usable = (phones.data ?? []).filter(({ power }) => power === "running");
  const ids = usable.map(({ deviceId }) => deviceId);
  const chosen = picked === "all" ? ids : picked.filter((id) => ids.includes(id));
  return (
    <Dialog
      title={<bdi>{t("apps.installTitle", { name: app.label.slice(0, 80) })}</bdi>}
      okText={t("apps.installOn", { count: chosen.length })}
      okButtonProps={{ disabled: chosen.length === 0 }}
      confirmLoading={install.isPending}
      onOk={() => install.mutate(chosen)}
      onCancel={onClose}
    >
      {phones.isPending && <Skeleton />}
      {phones.data && usable.length === 0 && <Empty description={t("apps.noPhone")} />}
      {usable.length > 0 && (
        <>
          <Checkbox
            checked={chosen.length === ids.length}
            indeterminate={chosen.length > 0 && chosen.length < ids.length}
            onChange={({ target }) => setPicked(target.checked ? "all" : [])}
          >
            {t("apps.allPhones", { count: ids.length })}
          </Checkbox>
          <Checkbox.Group
            className="choices"
            value={[...chosen]}
            onChange={(values) => setPicked(values)}
            options={usable.map(({ deviceId, name }) => ({
              value: deviceId,
              label: <bdi>{name}</bdi>,
            }))}
          />
        </>
      )}
      {phones.data && usable.length < phones.data.length && (
        <Alert
          type="info"
          title={t("apps.someOff", { count: phones.data.length - usable.length })}
        />
      )}
    </Dialog>
  );
}
