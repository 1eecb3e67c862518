import { Button, Spin } from "antd";
import { type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { PowerButton } from "../phones/power-button.tsx";
import { KeyboardField } from "./keyboard-field.tsx";
import { useTroubleWords } from "./use-trouble-words.ts";
import type { LivePlayer, ScreenElements } from "./use-player.ts";

interface ScreenProps {
  readonly elements: ScreenElements;
  readonly device: Device;
  readonly live: LivePlayer;
  readonly isLoud: boolean;
  onFiles(files: readonly File[]): void;
}

/** The picture, and what lies over it while there is none. */
export function Screen({ elements, device, live, isLoud, onFiles }: ScreenProps) {
  const { t } = useTranslation();
  const [isOver, setOver] = useState(false);
  const { surface, video, canvas, keyboard } = elements;
  const { state } = live;
  const isPlaying = state?.phase === "playing";
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    onFiles([...event.dataTransfer.files]);
  };
  return (
    <div
      ref={surface}
      className={isPlaying ? "screen" : "screen dim"}
      data-testid="screen"
      data-phase={state?.phase ?? "connecting"}
      data-path={state?.path ?? ""}
      onPointerUp={() => keyboard.current?.focus({ preventScroll: true })}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <video ref={video} autoPlay playsInline muted={!isLoud} />
      <canvas ref={canvas} hidden />
      <KeyboardField ref={keyboard} />
      {!isPlaying && <Waiting device={device} live={live} />}
      {isOver && <div className="drop">{t("files.dropNow")}</div>}
    </div>
  );
}

function Waiting({ device, live }: { readonly device: Device; readonly live: LivePlayer }) {
  const { t } = useTranslation();
  const words = useTroubleWords();
  const { state } = live;
  // Before the phone's own state: one whose lease has ended is switched off, too.
  if (state?.phase === "ended")
    return (
      <div className="waiting" role="alert">
        <div>
          <p>{state.notice && words(state.notice)}</p>
          <Button type="primary" onClick={live.again}>
            {t("screen.again")}
          </Button>
        </div>
      </div>
    );
  if (device.power === "stopped")
    return (
      <div className="waiting">
        <div>
          <p>{t("screen.off")}</p>
          <PowerButton device={device} />
        </div>
      </div>
    );
  return (
    <div className="waiting">
      <div>
        <Spin />
        <p role="status">
          {t(state?.phase === "reconnecting" ? "screen.reconnecting" : "screen.connecting")}
        </p>
      </div>
    </div>
  );
}
