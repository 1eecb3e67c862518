import { CameraOutlined, EyeOutlined, ReloadOutlined } from "@ant-design/icons";
import { Button, Collapse } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Device } from "../../api.ts";
import { say } from "../../ui/messages.tsx";
import { useAct } from "../../ui/use-act.ts";
import { AppsOnPhone } from "./apps-on-phone.tsx";
import { answerOf, newKey } from "./command.ts";
import { PhoneFacts } from "./phone-facts.tsx";
import { saveScreenshot } from "./screenshot.ts";

/** What else can be done with a phone: its picture, a restart, its apps, what it says of itself. */
export function PhoneTools({ device }: { readonly device: Device }) {
  const { t } = useTranslation();
  const { deviceId } = device;
  return (
    <section>
      <h2>{t("tools.title")}</h2>
      <div className="row-actions tools">
        <Actions device={device} />
      </div>
      <Collapse
        size="small"
        destroyOnHidden
        items={[
          {
            key: "apps",
            label: t("tools.apps"),
            children: <AppsOnPhone deviceId={deviceId} />,
          },
          {
            key: "facts",
            label: t("tools.facts"),
            children: <PhoneFacts deviceId={deviceId} />,
          },
        ]}
      />
    </section>
  );
}

function Actions({ device: { deviceId, name } }: { readonly device: Device }) {
  const { t } = useTranslation();
  const shoot = useAct((ref: string) => saveScreenshot(ref, name), { changes: [] });
  const restart = useAct(
    (ref: string) => answerOf(api.devices.restart.mutate({ device: ref, ...newKey() })),
    { changes: ["devices."], done: t("tools.restarted") },
  );
  const copyAddress = async (): Promise<void> => {
    const address = `${window.location.origin}/phones/${deviceId}?look=true`;
    await navigator.clipboard.writeText(address).catch(() => undefined);
    say("info", address);
  };
  return (
    <>
      <Button
        size="small"
        icon={<CameraOutlined />}
        loading={shoot.isPending}
        onClick={() => shoot.mutate(deviceId)}
      >
        {t("tools.screenshot")}
      </Button>
      <Button
        size="small"
        icon={<ReloadOutlined />}
        loading={restart.isPending}
        onClick={() => restart.mutate(deviceId)}
      >
        {t("devices.restart")}
      </Button>
      <Button size="small" icon={<EyeOutlined />} onClick={() => void copyAddress()}>
        {t("tools.lookOnly")}
      </Button>
    </>
  );
}
