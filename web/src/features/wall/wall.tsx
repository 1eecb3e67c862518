import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { PressButtons } from "../screen/phone-buttons.tsx";
import { Tile } from "./tile.tsx";
import { type PhoneGroup, useGroup } from "./use-group.ts";

/** Live screens side by side; those that are controlled together do what is done on one of them. */
export function Wall({ devices }: { readonly devices: readonly Device[] }) {
  const phones = useGroup();
  return (
    <>
      {devices.length > 1 && <GroupBar devices={devices} phones={phones} />}
      <div className="wall">
        {devices.map((device) => (
          <Tile key={device.deviceId} device={device} phones={phones} />
        ))}
      </div>
    </>
  );
}

function GroupBar({
  devices,
  phones,
}: {
  readonly devices: readonly Device[];
  readonly phones: PhoneGroup;
}) {
  const { t } = useTranslation();
  const { leader, leaderState, followers, group } = phones;
  if (leader === null)
    return (
      <div className="filters">
        <Button onClick={() => phones.begin(devices.map(({ deviceId }) => deviceId))}>
          {t("wall.together")}
        </Button>
      </div>
    );
  const name = devices.find(({ deviceId }) => deviceId === leader)?.name ?? "";
  return (
    <div className="filters" role="toolbar" aria-label={t("wall.together")}>
      <PressButtons
        isUsable={leaderState?.phase === "playing"}
        onPress={(button) => group.send({ type: "press", button })}
      />
      <Button onClick={phones.end}>{t("wall.apart")}</Button>
      <span role="status">{t("wall.led", { count: followers.size, name })}</span>
    </div>
  );
}
