import {
  AppstoreOutlined,
  ArrowLeftOutlined,
  BellOutlined,
  ExpandOutlined,
  HomeOutlined,
  LaptopOutlined,
  MinusOutlined,
  MutedOutlined,
  PlusOutlined,
  PoweroffOutlined,
  RotateRightOutlined,
  SoundOutlined,
} from "@ant-design/icons";
import type { Input } from "@cloudphone/shared/live";
import { Button, Tooltip } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { LivePlayer } from "./use-player.ts";

type Press = Extract<Input, { type: "press" }>["button"];

const presses = [
  ["back", "back", <ArrowLeftOutlined />],
  ["home", "home", <HomeOutlined />],
  ["recents", "recents", <AppstoreOutlined />],
  ["notifications", "notifications", <BellOutlined />],
  ["rotate", "rotate", <RotateRightOutlined />],
  ["volume-down", "volumeDown", <MinusOutlined />],
  ["volume-up", "volumeUp", <PlusOutlined />],
  ["power", "power", <PoweroffOutlined />],
] as const satisfies readonly (readonly [Press, string, ReactNode])[];

interface PhoneButtonsProps {
  readonly live: LivePlayer;
  readonly isLoud: boolean;
  onLoud(isLoud: boolean): void;
  onKeyboard(): void;
  onFullscreen(): void;
}

/** The phone's own buttons, and what the page adds: keyboard, sound, full screen. */
export function PhoneButtons({
  live,
  isLoud,
  onLoud,
  onKeyboard,
  onFullscreen,
}: PhoneButtonsProps) {
  const { t } = useTranslation();
  const { player, state } = live;
  const isUsable = state?.phase === "playing" && state.control.mine;
  return (
    <div className="buttons">
      <PressButtons
        isUsable={isUsable}
        onPress={(button) => player?.send({ type: "press", button })}
      />
      <IconButton
        label={t("buttons.keyboard")}
        icon={<LaptopOutlined />}
        isDisabled={!isUsable}
        onPress={onKeyboard}
      />
      <IconButton
        label={t(isLoud ? "screen.soundOff" : "screen.soundOn")}
        icon={isLoud ? <SoundOutlined /> : <MutedOutlined />}
        onPress={() => onLoud(!isLoud)}
      />
      <IconButton label={t("screen.fullscreen")} icon={<ExpandOutlined />} onPress={onFullscreen} />
    </div>
  );
}

interface PressButtonsProps {
  readonly isUsable: boolean;
  onPress(button: Press): void;
}

/** The buttons that a phone has itself. */
export function PressButtons({ isUsable, onPress }: PressButtonsProps) {
  const { t } = useTranslation();
  return presses.map(([button, word, icon]) => (
    <IconButton
      key={button}
      label={t(`buttons.${word}`)}
      icon={icon}
      isDisabled={!isUsable}
      onPress={() => onPress(button)}
    />
  ));
}

interface IconButtonProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly isDisabled?: boolean;
  onPress(): void;
}

function IconButton({ label, icon, isDisabled = false, onPress }: IconButtonProps) {
  return (
    <Tooltip title={label}>
      <Button type="text" icon={icon} aria-label={label} disabled={isDisabled} onClick={onPress} />
    </Tooltip>
  );
}
