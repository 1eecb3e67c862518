import { Link } from "@tanstack/react-router";
import { Spin } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { useTroubleWords } from "../screen/use-trouble-words.ts";
import { useViewer } from "./use-viewer.ts";

/** One screen of the wall; a click opens its phone. Only while it is seen is anything sent. */
export function Tile({ device }: { readonly device: Device }) {
  const { t } = useTranslation();
  const words = useTroubleWords();
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const isSeen = useSeen(frame);
  const { deviceId, name } = device;
  const state = useViewer({ video, canvas }, { deviceId, isSeen });
  const isPlaying = state?.phase === "playing";
  return (
    <div ref={frame} className="tile" data-phase={state?.phase ?? "unseen"}>
      <Link
        to="/phones/$device"
        params={{ device: deviceId }}
        aria-label={`${t("phones.open")}: ${name}`}
      >
        <video ref={video} autoPlay playsInline muted />
        <canvas ref={canvas} hidden />
        {!isPlaying && (
          <span className="tile-waiting">
            {state?.notice && state.phase === "ended" ? words(state.notice) : <Spin />}
          </span>
        )}
      </Link>
      <bdi className="name" title={name}>
        {name}
      </bdi>
    </div>
  );
}

/** Whether any of it is in the reader's window, and the window in front. */
function useSeen(frame: React.RefObject<HTMLDivElement | null>): boolean {
  const [isInside, setInside] = useState(false);
  const [isInFront, setInFront] = useState(!document.hidden);
  useEffect(() => {
    const look = (): void => setInFront(!document.hidden);
    document.addEventListener("visibilitychange", look);
    const observer = new IntersectionObserver(([entry]) =>
      setInside(entry?.isIntersecting ?? false),
    );
    if (frame.current) observer.observe(frame.current);
    return () => {
      document.removeEventListener("visibilitychange", look);
      observer.disconnect();
    };
  }, [frame]);
  return isInside && isInFront;
}
