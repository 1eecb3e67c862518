import { type RefObject, useEffect, useState } from "react";
import { api, refusalOf } from "../../api.ts";
import { type OpenRefusal, Player, type PlayerState } from "../../player/player.ts";

interface ViewerElements {
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
}

/** Shows a phone's screen in these elements, to be looked at and not touched, for as long as `isSeen`. */
export function useViewer(
  { video, canvas }: ViewerElements,
  { deviceId, isSeen }: { readonly deviceId: string; readonly isSeen: boolean },
): PlayerState | null {
  const [state, setState] = useState<PlayerState | null>(null);
  useEffect(() => {
    const [shown, drawn] = [video.current, canvas.current];
    if (!isSeen || !shown || !drawn) return undefined;
    const player = new Player({
      video: shown,
      canvas: drawn,
      hubUrl: window.location.origin,
      openSession: () => openSession(deviceId),
      onState: setState,
      onFigures: () => undefined,
      onClipboard: () => undefined,
    });
    player.start();
    return () => {
      player.stop();
      setState(null);
    };
  }, [video, canvas, deviceId, isSeen]);
  return state;
}

/** Rejects with what the player understands. */
async function openSession(device: string) {
  try {
    return await api.sessions.open.mutate({
      device,
      purpose: "screen",
      viewOnly: true,
      idempotencyKey: crypto.randomUUID(),
    });
  } catch (error) {
    throw refusalOf(error) satisfies OpenRefusal;
  }
}
