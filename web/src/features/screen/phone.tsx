import { useDeferredValue, useRef, useState } from "react";
import type { Device } from "../../api.ts";
import { Filming } from "../recordings/filming.tsx";
import { PhoneTools } from "../tools/phone-tools.tsx";
import { PhoneBar } from "./phone-bar.tsx";
import { PhoneSide } from "./phone-side.tsx";
import { PhoneButtons } from "./phone-buttons.tsx";
import { AppDrop, type AppDropTarget } from "./app-drop.tsx";
import { Clipboard } from "./clipboard.tsx";
import { Notices } from "./notices.tsx";
import { QualityHud } from "./quality-hud.tsx";
import { Screen } from "./screen.tsx";
import { usePlayer } from "./use-player.ts";

interface PhoneProps {
  readonly device: Device;
  readonly viewOnly: boolean;
}

/** A phone's screen with all that belongs to it. */
export function Phone({ device, viewOnly }: PhoneProps) {
  const surface = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const keyboard = useRef<HTMLTextAreaElement>(null);
  const elements = { surface, video, canvas, keyboard };
  const live = usePlayer(elements, { deviceId: device.deviceId, viewOnly });
  const [isLoud, setLoud] = useState(false);
  const apps = useRef<AppDropTarget>(null);
  // Drawn behind the screen, which is connected by then.
  const isScreenThere = useDeferredValue(true, false);
  return (
    <div className="phone">
      <section className="stage">
        <PhoneBar device={device} live={live} />
        <Notices live={live} />
        <Screen
          elements={elements}
          device={device}
          live={live}
          isLoud={isLoud}
          onFiles={(files) => apps.current?.take(files)}
        />
        <PhoneButtons
          live={live}
          isLoud={isLoud}
          onLoud={setLoud}
          onKeyboard={() => keyboard.current?.focus()}
          onFullscreen={() => void surface.current?.requestFullscreen()}
        />
      </section>
      {isScreenThere && (
        <PhoneSide device={device}>
          <QualityHud live={live} />
          <Clipboard live={live} />
          <AppDrop ref={apps} deviceId={device.deviceId} />
          <PhoneTools device={device} />
          <Filming device={device} />
        </PhoneSide>
      )}
    </div>
  );
}
