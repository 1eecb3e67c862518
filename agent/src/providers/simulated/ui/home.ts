import {
  type Box,
  centred,
  type Colour,
  contains,
  drawText,
  fill,
  type Frame,
  rounded,
  textWidth,
  unit,
} from "./frame.ts";
import { builtInApps, type Point, type Scene } from "./scene.ts";

const columns = 4;
const white: Colour = [255, 255, 255];
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

const sum = (text: string): number =>
  Array.from(text).reduce((total, char) => total + (char.codePointAt(0) ?? 0), 0);

/** The icons in their places: installed apps in the order of their labels, those that came with the phone in the dock. */
function icons({ phone, width, height }: Scene): Icon[] {
  const cell = Math.floor(width / columns);
  const size = Math.floor(Math.min(cell, height / 6) * 0.6);
  const rowHeight = Math.floor(size * 1.9);
  const place = (app: { packageName: string; label: string }, column: number, y: number): Icon => ({
    packageName: app.packageName,
    label: app.label,
    colour: palette[sum(app.packageName) % palette.length] ?? white,
    x: column * cell + Math.floor((cell - size) / 2),
    y,
    width: size,
    height: size,
  });
  const dockY = height - Math.floor(size * 1.9);
  const dock = builtInApps.map((app, column) => place(app, column, dockY));
  const own = [...phone.disk.packages.values()]
    .toSorted((a, b) => a.label.localeCompare(b.label))
    .map((app, index) => {
      const y = Math.floor(height * 0.3) + Math.floor(index / columns) * rowHeight;
      return place(app, index % columns, y);
    });
  return [...own.filter((icon) => icon.y + rowHeight <= dockY), ...dock];
}

/** The app whose icon, or label, is at a place of the home screen. */
export const iconAt = (scene: Scene, point: Point): string | null =>
  icons(scene).find((icon) => contains({ ...icon, height: icon.height * 1.4 }, point))
    ?.packageName ?? null;

export function drawHome(frame: Frame, scene: Scene): void {
  wallpaper(frame);
  const scale = unit(frame);
  const top = Math.floor(frame.height * 0.1);
  const time = scene.now.toISOString().slice(11, 19);
  centred(frame, time, { y: top, scale: scale * 3, colour: white });
  const day = scene.now.toUTCString().slice(0, 11);
  centred(frame, day, { y: top + scale * 30, scale, colour: [225, 232, 245] });
  for (const icon of icons(scene)) drawIcon(frame, icon);
}

function drawIcon(frame: Frame, icon: Icon): void {
  rounded(frame, icon, icon.colour);
  const letter = icon.label.charAt(0).toUpperCase();
  const big = Math.max(1, Math.floor(icon.height / 14));
  const x = icon.x + Math.floor((icon.width - textWidth(letter, big)) / 2);
  const y = icon.y + Math.floor((icon.height - 7 * big) / 2);
  drawText(frame, letter, { x, y, scale: big, colour: white });
  const small = Math.max(1, unit(frame) - 1);
  const label = icon.label.slice(0, Math.floor(frame.width / columns / (6 * small)));
  const left = icon.x + Math.floor((icon.width - textWidth(label, small)) / 2);
  drawText(frame, label, {
    x: left,
    y: icon.y + icon.height + small * 4,
    scale: small,
    colour: white,
  });
}

function wallpaper(frame: Frame): void {
  for (let y = 0; y < frame.height; y++) {
    const t = y / frame.height;
    const colour: Colour = [28 + 40 * t, 60 + 70 * t, 130 + 60 * t];
    fill(frame, { x: 0, y, width: frame.width, height: 1 }, colour);
  }
}
