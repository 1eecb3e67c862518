import { type RefObject, useEffect, useState } from "react";
import { listenToKeyboard } from "../../player/keyboard.ts";
import type { Figures } from "../../player/meter.ts";
import { Player, type PlayerState } from "../../player/player.ts";
import { listenToPointers } from "../../player/pointer.ts";
import { openSession } from "./open-session.ts";

export interface ScreenElements {
  readonly surface: RefObject<HTMLDivElement | null>;
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly keyboard: RefObject<HTMLTextAreaElement | null>;
}

export interface LivePlayer {
  readonly player: Player | null;
  readonly state: PlayerState | null;
  readonly figures: Figures | null;
  /** What was last copied on the phone. */
  readonly clipboard: string | null;
  /** After an end: begins anew. */
  again(): void;
}

/** A player in these elements, for as long as they are shown. */
export function usePlayer(
  { surface, video, canvas, keyboard }: ScreenElements,
  { deviceId, viewOnly }: { readonly deviceId: string; readonly viewOnly: boolean },
): LivePlayer {
  const [player, setPlayer] = useState<Player | null>(null);
  const [state, setState] = useState<PlayerState | null>(null);
  const [figures, setFigures] = useState<Figures | null>(null);
  const [clipboard, setClipboard] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const elements = [surface.current, video.current, canvas.current, keyboard.current] as const;
    const [onto, shown, drawn, typed] = elements;
    if (!onto || !shown || !drawn || !typed) return undefined;
    const made = new Player({
      video: shown,
      canvas: drawn,
      hubUrl: window.location.origin,
      sound: true,
      openSession: () => openSession(deviceId, viewOnly),
      onState: setState,
      onFigures: setFigures,
      onClipboard: setClipboard,
    });
    const stopPointers = listenToPointers(onto, {
      pictureSize: () => made.state.size,
      send: (input) => made.send(input),
    });
    const stopKeyboard = listenToKeyboard(typed, (input) => made.send(input));
    const leave = (): void => made.stop();
    window.addEventListener("pagehide", leave);
    made.start();
    setPlayer(made);
    return () => {
      window.removeEventListener("pagehide", leave);
      stopPointers();
      stopKeyboard();
      made.stop();
    };
  }, [surface, video, canvas, keyboard, deviceId, viewOnly, round]);
  return { player, state, figures, clipboard, again: () => setRound((before) => before + 1) };
}
