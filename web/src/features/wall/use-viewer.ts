import { type RefObject, useEffect, useState } from "react";
import { Player, type PlayerState } from "../../player/player.ts";
import { openSession } from "../screen/open-session.ts";

interface Viewing {
  readonly deviceId: string;
  readonly isSeen: boolean;
  /** To be looked at and not touched. */
  readonly viewOnly: boolean;
}

interface ViewerElements {
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
}

/** Shows a phone's screen in these elements, without its sound, for as long as `isSeen`. */
export function useViewer(
  { video, canvas }: ViewerElements,
  { deviceId, isSeen, viewOnly }: Viewing,
): { readonly player: Player | null; readonly state: PlayerState | null } {
  const [made, setMade] = useState<Player | null>(null);
  const [state, setState] = useState<PlayerState | null>(null);
  useEffect(() => {
    const [shown, drawn] = [video.current, canvas.current];
    if (!isSeen || !shown || !drawn) return undefined;
    const player = new Player({
      video: shown,
      canvas: drawn,
      hubUrl: window.location.origin,
      sound: false,
      openSession: () => openSession(deviceId, viewOnly),
      onState: setState,
      onFigures: () => undefined,
      onClipboard: () => undefined,
    });
    player.start();
    setMade(player);
    return () => {
      player.stop();
      setState(null);
      setMade(null);
    };
  }, [video, canvas, deviceId, isSeen, viewOnly]);
  return { player: made, state };
}
