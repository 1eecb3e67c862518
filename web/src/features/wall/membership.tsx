import { Button, Checkbox, Radio, Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { type Following, followingOf } from "../../player/group.ts";
import type { Player, PlayerState } from "../../player/player.ts";
import type { PhoneGroup } from "./use-group.ts";

const colours: Record<Following, string> = {
  connecting: "processing",
  follows: "success",
  turned: "warning",
  others: "warning",
  "look-only": "error",
  ended: "error",
};

interface MembershipProps {
  readonly device: Device;
  readonly phones: PhoneGroup;
  readonly player: Player | null;
  readonly state: PlayerState | null;
}

/** What a phone of the wall is in the group, and whether input reaches it. */
export function Membership({ device: { deviceId, name }, phones, player, state }: MembershipProps) {
  const { t } = useTranslation();
  const role = phones.roleOf(deviceId);
  const following = followingOf(state, phones.leaderState);
  return (
    <div className="membership">
      <Radio
        checked={role === "leads"}
        onChange={() => phones.lead(deviceId)}
        aria-label={`${t("wall.leads")}: ${name}`}
      >
        {t("wall.leads")}
      </Radio>
      {role !== "leads" && (
        <Checkbox
          checked={role === "follows"}
          onChange={({ target }) => phones.follow(deviceId, target.checked)}
          aria-label={`${t("wall.follows")}: ${name}`}
        >
          {t("wall.follows")}
        </Checkbox>
      )}
      {role !== "looks" && (
        <Tag color={colours[following]} data-following={following}>
          {t(`wall.following.${following}`)}
        </Tag>
      )}
      {role !== "looks" && following === "others" && (
        <Button size="small" onClick={() => player?.takeControl(true)}>
          {t("screen.takeControl")}
        </Button>
      )}
    </div>
  );
}
