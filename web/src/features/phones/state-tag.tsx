import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";

const colours: Record<Device["state"], string> = {
  creating: "processing",
  stopped: "default",
  starting: "processing",
  running: "success",
  stopping: "processing",
  wiping: "processing",
  failed: "error",
  destroyed: "default",
};

export function StateTag({ device }: { readonly device: Device }) {
  const { t } = useTranslation();
  return (
    <span className="tag" data-color={colours[device.state]} title={device.reason ?? undefined}>
      {t(`state.${device.state}`)}
    </span>
  );
}
