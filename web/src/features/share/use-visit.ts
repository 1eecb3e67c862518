import { type RefObject, useEffect, useState } from "react";
import { api, refusalOf } from "../../api.ts";
import { type OpenedSession, Player, type PlayerState } from "../../player/player.ts";

interface Visited {
  /** What the phone is called, and how long it is shown; null until the hub has said so. */
  readonly phone: { readonly device: string; readonly expiresAt: string } | null;
  readonly state: PlayerState | null;
}

interface VisitElements {
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
}

/** Shows in these elements the screen that a link is for, to be looked at and not touched. */
export function useVisit({ video, canvas }: VisitElements, link: string): Visited {
  const [phone, setPhone] = useState<Visited["phone"]>(null);
  const [state, setState] = useState<PlayerState | null>(null);
  useEffect(() => {
    const [shown, drawn] = [video.current, canvas.current];
    if (!shown || !drawn) return undefined;
    const openSession = async (): Promise<OpenedSession> => {
      try {
        const visit = await api.shares.open.mutate({ link });
        setPhone(visit);
        return visit;
      } catch (error) {
        throw refusalOf(error);
      }
    };
    const player = new Player({
      ...{ video: shown, canvas: drawn, hubUrl: window.location.origin, sound: false },
      ...{ openSession, onState: setState },
      onFigures: () => undefined,
      onClipboard: () => undefined,
    });
    const leave = (): void => player.stop();
    window.addEventListener("pagehide", leave);
    player.start();
    return () => {
      window.removeEventListener("pagehide", leave);
      player.stop();
    };
  }, [video, canvas, link]);
  return { phone, state };
}
