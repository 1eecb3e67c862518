import { EyeOutlined, TeamOutlined } from "@ant-design/icons";
import { Button, Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { PowerButton } from "../phones/power-button.tsx";
import { StateTag } from "../phones/state-tag.tsx";
import { Filmed } from "./filmed.tsx";
import type { LivePlayer } from "./use-player.ts";

interface PhoneBarProps {
  readonly device: Device;
  readonly live: LivePlayer;
}

/** Which phone it is, how it is, and who has it in hand. */
export function PhoneBar({ device, live }: PhoneBarProps) {
  const { t } = useTranslation();
  return (
    <div className="bar">
      <title>{`${device.name} · ${t("app.name")}`}</title>
      <h1 title={device.name}>{device.name}</h1>
      <StateTag device={device} />
      <Control live={live} />
      <Filmed state={live.state} />
      <span style={{ flex: 1 }} />
      <PowerButton device={device} />
    </div>
  );
}

function Control({ live: { state, player } }: { readonly live: LivePlayer }) {
  const { t } = useTranslation();
  if (state?.phase !== "playing") return null;
  const { mine, allowed, viewers } = state.control;
  return (
    <>
      {viewers > 1 && <Tag icon={<TeamOutlined />}>{t("screen.viewers", { count: viewers })}</Tag>}
      {!allowed && <Tag icon={<EyeOutlined />}>{t("screen.viewOnly")}</Tag>}
      {allowed && viewers > 1 && (
        <>
          <span>{t(mine ? "screen.control" : "screen.otherControls")}</span>
          <Button size="small" onClick={() => player?.takeControl(!mine)}>
            {t(mine ? "screen.giveControl" : "screen.takeControl")}
          </Button>
        </>
      )}
    </>
  );
}
