import { Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { Host } from "../../api.ts";

const colours: Record<Host["state"], string> = {
  enrolled: "default",
  connected: "success",
  suspected: "warning",
  lost: "error",
  removed: "default",
};

/** Whether a host is there, and whether it is being emptied. */
export function HostState({ host }: { readonly host: Pick<Host, "state" | "drain"> }) {
  const { t } = useTranslation();
  return (
    <>
      <Tag color={colours[host.state]}>{t(`hosts.state.${host.state}`)}</Tag>
      {host.drain && <Tag color="warning">{t("hosts.draining")}</Tag>}
    </>
  );
}
