import { PoweroffOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Device } from "../../api.ts";
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
    <Button
      icon={<PoweroffOutlined />}
      loading={isPending}
      onClick={() => mutate({ device: device.deviceId })}
    >
      {t(isOn ? "phones.stop" : "phones.start")}
    </Button>
  );
}
