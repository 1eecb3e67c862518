import { drawText, textWidth } from "./font.ts";
import type { SimPhone } from "./phone.ts";

/** Pixels, four bytes each (red, green, blue, alpha), row by row. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export type Colour = readonly [number, number, number];

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const columns = 4;
const palette: readonly Colour[] = [
  [79, 134, 247],
  [52, 168, 83],
  [234, 134, 60],
  [171, 97, 214],
  [226, 84, 104],
  [44, 166, 164],
];

interface Icon extends Box {
  readonly packageName: string;
  readonly label: string;
  readonly colour: Colour;
}

/** The installed apps' icons, in the order of their labels. */
function icons(phone: SimPhone): Icon[] {
  const { width } = phone.spec;
  const cell = Math.floor(width / columns);
  const size = Math.floor(cell * 0.6);
  return [...phone.disk.packages.values()]
    .toSorted((a, b) => a.label.localeCompare(b.label))
    .map(({ packageName, label }, index) => ({
      packageName,
      label,
      colour: palette[sum(packageName) % palette.length] ?? [79, 134, 247],
      x: (index % columns) * cell + Math.floor((cell - size) / 2),
      y:
        Math.floor(phone.spec.height * 0.3) + Math.floor(index / columns) * Math.floor(cell * 1.15),
      width: size,
      height: size,
    }));
}

const sum = (text: string): number =>
  Array.from(text).reduce((total, char) => total + (char.codePointAt(0) ?? 0), 0);

/** The app whose icon is at a place of the home screen. */
export function iconAt(phone: SimPhone, x: number, y: number): string | null {
  const hit = icons(phone).find(
    (icon) =>
      x >= icon.x && x < icon.x + icon.width && y >= icon.y && y < icon.y + icon.height * 1.4,
  );
  return hit?.packageName ?? null;
}

/** Draws what is on the phone's screen. `now` is what the clock shows. */
export function drawScreen(phone: SimPhone, now: Date): Frame {
  const { width, height } = phone.spec;
  const frame: Frame = { width, height, pixels: new Uint8Array(width * height * 4) };
  if (!phone.booted) {
    fill(frame, { x: 0, y: 0, width, height }, [12, 14, 20]);
    centred(frame, "starting...", {
      y: Math.floor(height / 2),
      scale: unit(frame),
      colour: [150, 160, 180],
    });
  } else if (phone.screen.kind === "home") drawHome(frame, phone, now);
  else drawApp(frame, phone);
  statusBar(
    frame,
    now,
    phone.screen.kind === "app" && phone.booted ? [60, 64, 72] : [235, 240, 250],
  );
  return frame;
}

/** A font's pixel on this screen: two on 360 pixels of width. */
const unit = (frame: Frame): number => Math.max(1, Math.round(frame.width / 180));

function drawHome(frame: Frame, phone: SimPhone, now: Date): void {
  wallpaper(frame);
  const scale = unit(frame);
  const time = now.toISOString().slice(11, 16);
  centred(frame, time, {
    y: Math.floor(frame.height * 0.12),
    scale: scale * 4,
    colour: [255, 255, 255],
  });
  const day = now.toUTCString().slice(0, 11);
  centred(frame, day, {
    y: Math.floor(frame.height * 0.12) + scale * 38,
    scale,
    colour: [225, 232, 245],
  });
  for (const icon of icons(phone)) {
    rounded(frame, icon, icon.colour);
    const letter = icon.label.charAt(0).toUpperCase();
    const big = Math.max(1, Math.floor(icon.height / 14));
    const middle = {
      x: icon.x + Math.floor((icon.width - textWidth(letter, big)) / 2),
      y: icon.y + Math.floor((icon.height - 7 * big) / 2),
    };
    drawText(frame, letter, { ...middle, scale: big, colour: [255, 255, 255] });
    const small = Math.max(1, scale - 1);
    const label = icon.label.slice(0, Math.floor(frame.width / columns / (6 * small)));
    const x = icon.x + Math.floor((icon.width - textWidth(label, small)) / 2);
    drawText(frame, label, {
      x,
      y: icon.y + icon.height + small * 4,
      scale: small,
      colour: [255, 255, 255],
    });
  }
  const pill = {
    x: Math.floor(frame.width * 0.35),
    y: frame.height - scale * 6,
    width: Math.floor(frame.width * 0.3),
    height: scale * 2,
  };
  rounded(frame, pill, [240, 244, 255]);
}

function drawApp(frame: Frame, phone: SimPhone): void {
  const { screen } = phone;
  if (screen.kind !== "app") return;
  const scale = unit(frame);
  const app = phone.disk.packages.get(screen.packageName);
  fill(frame, { x: 0, y: 0, width: frame.width, height: frame.height }, [248, 249, 252]);
  const margin = scale * 8;
  drawText(frame, app?.label ?? screen.packageName, {
    x: margin,
    y: scale * 26,
    scale: scale * 2,
    colour: [30, 34, 44],
  });
  const details = [screen.packageName, `version ${app?.versionName ?? "?"}`];
  for (const [line, text] of details.entries())
    drawText(frame, text, {
      x: margin,
      y: scale * (46 + line * 11),
      scale,
      colour: [110, 116, 130],
    });
  const field = { x: margin, y: scale * 78, width: frame.width - margin * 2, height: scale * 22 };
  rounded(frame, field, [228, 233, 244]);
  const shown = screen.text === "" ? "Type here" : (screen.text.split("\n").at(-1) ?? "");
  const fits = Math.floor((field.width - scale * 12) / (6 * scale));
  const colour: Colour = screen.text === "" ? [140, 146, 160] : [30, 34, 44];
  drawText(frame, shown.slice(-fits), {
    x: field.x + scale * 6,
    y: field.y + scale * 7,
    scale,
    colour,
  });
}

function statusBar(frame: Frame, now: Date, colour: Colour): void {
  const scale = Math.max(1, unit(frame) - 1);
  drawText(frame, now.toISOString().slice(11, 16), {
    x: scale * 8,
    y: scale * 6,
    scale: scale + 1,
    colour,
  });
  const battery = {
    x: frame.width - scale * 30,
    y: scale * 6,
    width: scale * 20,
    height: scale * 10,
  };
  rounded(frame, battery, colour);
  for (let bar = 0; bar < 4; bar++) {
    const height = scale * (3 + bar * 3);
    fill(
      frame,
      { x: frame.width - scale * (60 - bar * 6), y: scale * 16 - height, width: scale * 4, height },
      colour,
    );
  }
}

function wallpaper(frame: Frame): void {
  for (let y = 0; y < frame.height; y++) {
    const t = y / frame.height;
    fill(frame, { x: 0, y, width: frame.width, height: 1 }, [
      28 + 40 * t,
      60 + 70 * t,
      130 + 60 * t,
    ]);
  }
}

function fill(frame: Frame, box: Box, [red, green, blue]: Colour): void {
  const right = Math.min(frame.width, box.x + box.width);
  const bottom = Math.min(frame.height, box.y + box.height);
  for (let y = Math.max(0, box.y); y < bottom; y++)
    for (let x = Math.max(0, box.x); x < right; x++) {
      const at = (y * frame.width + x) * 4;
      frame.pixels[at] = red;
      frame.pixels[at + 1] = green;
      frame.pixels[at + 2] = blue;
      frame.pixels[at + 3] = 255;
    }
}

/** A box with round corners, drawn as a row of runs. */
function rounded(frame: Frame, box: Box, colour: Colour): void {
  const radius = Math.min(box.width, box.height) * 0.28;
  for (let row = 0; row < box.height; row++) {
    const edge = Math.max(0, radius - row - 0.5, row + 0.5 - (box.height - radius));
    const inset = Math.round(radius - Math.sqrt(Math.max(0, radius * radius - edge * edge)));
    fill(
      frame,
      { x: box.x + inset, y: box.y + row, width: box.width - inset * 2, height: 1 },
      colour,
    );
  }
}

function centred(
  frame: Frame,
  text: string,
  style: { y: number; scale: number; colour: Colour },
): void {
  drawText(frame, text, {
    ...style,
    x: Math.floor((frame.width - textWidth(text, style.scale)) / 2),
  });
}
