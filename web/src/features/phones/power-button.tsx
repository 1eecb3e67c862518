import PoweroffOutlined from "@ant-design/icons-svg/es/asn/PoweroffOutlined";
import { useTranslation } from "react-i18next";
import { api, type Device } from "../../api.ts";
import { Icon } from "../../ui/icon.tsx";
import { useAct } from "../../ui/use-act.ts";

/** Switches a phone on or off: says what it should be, its host does the rest. */
export function PowerButton({ device }: { readonly device: Device }) {
  const { t } = useTranslation();
  const isOn = device.power === "running";
  const { mutate, isPending } = useAct(
    (which: { device: string }) =>
      isOn ? api.devices.stop.mutate(which) : api.devices.start.mutate(which),
    { changes: ["devices."] },
  );
  return (
    <button
      type="button"
      className="button"
      aria-busy={isPending}
      disabled={isPending}
      onClick={() => mutate({ device: device.deviceId })}
    >
      <Icon of={PoweroffOutlined} />
      {t(isOn ? "phones.stop" : "phones.start")}
    </button>
  );
}
