import { Link } from "@tanstack/react-router";
import { Spin } from "antd";
import { type RefObject, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { listenToKeyboard } from "../../player/keyboard.ts";
import type { Player } from "../../player/player.ts";
import { listenToPointers } from "../../player/pointer.ts";
import { useSeen } from "../../ui/use-seen.ts";
import { Filmed } from "../screen/filmed.tsx";
import { KeyboardField } from "../screen/keyboard-field.tsx";
import { useTroubleWords } from "../screen/use-trouble-words.ts";
import { Membership } from "./membership.tsx";
import { type PhoneGroup, useMembership } from "./use-group.ts";
import { useViewer } from "./use-viewer.ts";

interface TileProps {
  readonly device: Device;
  readonly phones: PhoneGroup;
}

/**
 * One screen of the wall. One that is only looked at is sent while it is seen, and a click opens its phone; one that leads takes what is done on it, for itself
 * and for those that follow it.
 */
export function Tile({ device, phones }: TileProps) {
  const { t } = useTranslation();
  const words = useTroubleWords();
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const keyboard = useRef<HTMLTextAreaElement>(null);
  const { deviceId, name } = device;
  const role = phones.roleOf(deviceId);
  const isSeen = useSeen(frame) || role !== "looks";
  const viewOnly = role === "looks";
  const { player, state } = useViewer({ video, canvas }, { deviceId, isSeen, viewOnly });
  useMembership(phones, { deviceId, player, role });
  useLeading({ frame, keyboard }, { player: role === "leads" ? player : null, phones });
  const { onLeaderState } = phones;
  useEffect(() => {
    if (role === "leads") onLeaderState(state);
  }, [role, state, onLeaderState]);
  return (
    <div className="tile" data-phase={state?.phase ?? "unseen"} data-role={role}>
      <div ref={frame} className="tile-screen">
        <video ref={video} autoPlay playsInline muted />
        <canvas ref={canvas} hidden />
        {role === "leads" && <KeyboardField ref={keyboard} />}
        {state?.phase !== "playing" && (
          <span className="tile-waiting">
            {state?.notice && state.phase === "ended" ? words(state.notice) : <Spin />}
          </span>
        )}
        {role === "looks" && (
          <Link
            to="/phones/$device"
            params={{ device: deviceId }}
            aria-label={`${t("phones.open")}: ${name}`}
          />
        )}
      </div>
      <bdi className="name" title={name}>
        {name}
      </bdi>
      <Filmed state={state} />
      {phones.leader !== null && (
        <Membership device={device} phones={phones} player={player} state={state} />
      )}
    </div>
  );
}

/** While it leads, fingers, mouse and keys on it are the group's. */
function useLeading(
  {
    frame,
    keyboard,
  }: { frame: RefObject<HTMLElement | null>; keyboard: RefObject<HTMLTextAreaElement | null> },
  { player, phones: { group } }: { player: Player | null; phones: PhoneGroup },
): void {
  useEffect(() => {
    const [onto, typed] = [frame.current, keyboard.current];
    if (!player || !onto || !typed) return undefined;
    const focus = (): void => typed.focus({ preventScroll: true });
    onto.addEventListener("pointerup", focus);
    const stopPointers = listenToPointers(onto, {
      pictureSize: () => player.state.size,
      send: (input) => group.send(input),
    });
    const stopKeyboard = listenToKeyboard(typed, (input) => group.send(input));
    return () => {
      onto.removeEventListener("pointerup", focus);
      stopPointers();
      stopKeyboard();
    };
  }, [frame, keyboard, player, group]);
}
