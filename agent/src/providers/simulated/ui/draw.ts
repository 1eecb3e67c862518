import { centred, type Colour, fill, type Frame, drawText, rounded, unit } from "./frame.ts";
import { drawHome } from "./home.ts";
import { drawApp, drawContacts, drawMotion, drawSettings } from "./pages.ts";
import type { Scene, Screen } from "./scene.ts";

/** Draws what is on a phone's screen into a frame of the scene's size. The same state and time give the same picture. */
export function drawScreen(frame: Frame, scene: Scene): void {
  const { phone } = scene;
  if (!phone.awake) {
    fill(frame, { x: 0, y: 0, width: frame.width, height: frame.height }, [0, 0, 0]);
    return;
  }
  if (!phone.booted) {
    fill(frame, { x: 0, y: 0, width: frame.width, height: frame.height }, [12, 14, 20]);
    const y = Math.floor(frame.height / 2);
    centred(frame, "starting...", { y, scale: unit(frame), colour: [150, 160, 180] });
    return;
  }
  drawContent(frame, scene, phone.screen);
  bars(frame, scene, phone.screen.kind === "home" ? [235, 240, 250] : [60, 64, 72]);
}

function drawContent(frame: Frame, scene: Scene, screen: Screen): void {
  switch (screen.kind) {
    case "home":
      return drawHome(frame, scene);
    case "app":
      return drawApp(frame, scene, screen);
    case "settings":
      return drawSettings(frame, scene, screen);
    case "contacts":
      return drawContacts(frame, scene, screen);
    case "motion":
      return drawMotion(frame, scene);
  }
}

/** The status bar, and the pill to swipe home from. */
function bars(frame: Frame, { now }: Scene, colour: Colour): void {
  const scale = Math.max(1, unit(frame) - 1);
  const top = scale * 6;
  drawText(frame, now.toISOString().slice(11, 16), {
    x: scale * 8,
    y: top,
    scale: scale + 1,
    colour,
  });
  const battery = { x: frame.width - scale * 30, y: top, width: scale * 20, height: scale * 10 };
  rounded(frame, battery, colour);
  for (let bar = 0; bar < 4; bar++) {
    const height = scale * (3 + bar * 3);
    const x = frame.width - scale * (60 - bar * 6);
    fill(frame, { x, y: scale * 16 - height, width: scale * 4, height }, colour);
  }
  const pill = {
    x: Math.floor(frame.width * 0.35),
    y: frame.height - scale * 6,
    width: Math.floor(frame.width * 0.3),
    height: scale * 2,
  };
  rounded(frame, pill, colour);
}
