import { type Colour, contains, drawText, fill, type Frame, rounded, tail, unit } from "./frame.ts";
import { notesPackage, type Point, type Scene, type Screen } from "./scene.ts";

const ink: Colour = [30, 34, 44];
const faint: Colour = [110, 116, 130];
const paper: Colour = [248, 249, 252];
const line: Colour = [222, 226, 236];

type Of<K extends Screen["kind"]> = Extract<Screen, { kind: K }>;

function page(frame: Frame, title: string): number {
  const scale = unit(frame);
  fill(frame, { x: 0, y: 0, width: frame.width, height: frame.height }, paper);
  drawText(frame, title, { x: scale * 8, y: scale * 26, scale: scale * 2, colour: ink });
  return scale;
}

/** An app: what it is, and a text field that echoes what is typed. */
export function drawApp(frame: Frame, { phone, now }: Scene, screen: Of<"app">): void {
  const app = phone.disk.packages.get(screen.packageName);
  const isNotes = screen.packageName === notesPackage;
  const scale = page(frame, isNotes ? "Notes" : (app?.label ?? screen.packageName));
  const margin = scale * 8;
  const details = [
    screen.packageName,
    isNotes ? "type something" : `version ${app?.versionName ?? "?"}`,
  ];
  for (const [row, text] of details.entries())
    drawText(frame, text, { x: margin, y: scale * (46 + row * 11), scale, colour: faint });
  const field = { x: margin, y: scale * 78, width: frame.width - margin * 2, height: scale * 22 };
  rounded(frame, field, [228, 233, 244]);
  const lines = screen.text.split("\n");
  const inside = field.width - scale * 14;
  const shown = screen.text === "" ? "Type here" : tail(lines.at(-1) ?? "", inside, scale);
  const colour: Colour = screen.text === "" ? [140, 146, 160] : ink;
  const x = field.x + scale * 6;
  drawText(frame, shown, { x, y: field.y + scale * 7, scale, colour });
  if (screen.text !== "" && now.getUTCMilliseconds() < 500) {
    const caret = x + Array.from(shown).length * 6 * scale;
    fill(
      frame,
      { x: caret, y: field.y + scale * 5, width: scale, height: scale * 12 },
      [60, 110, 240],
    );
  }
  for (const [row, text] of lines.slice(0, -1).slice(-12).entries())
    drawText(frame, text, { x, y: scale * (108 + row * 11), scale, colour: faint });
}

const rowUnits = 24;
const topUnits = 48;
const contactCount = 200;

/** How far a list of so many rows can be scrolled, in pixels. */
const limitOf = ({ height }: Scene, scale: number, rows: number): number =>
  Math.max(0, rows * rowUnits * scale + topUnits * scale - height);

/** Where a list has been scrolled to once a finger has dragged it up by `dy`; always even, as the video's motion needs it. */
export function scrollBy(scene: Scene, screen: Of<"contacts" | "settings">, dy: number): Screen {
  const rows = screen.kind === "contacts" ? contactCount : settingsRows(scene).length;
  const wanted = Math.round((screen.scrolled + dy) / 2) * 2;
  return {
    ...screen,
    scrolled: Math.max(0, Math.min(wanted, limitOf(scene, unit(scene), rows) & ~1)),
  };
}

function drawRows(
  frame: Frame,
  scrolled: number,
  rows: readonly { text: string; detail: string; colour: Colour }[],
): void {
  const scale = unit(frame);
  const height = rowUnits * scale;
  const first = Math.max(0, Math.floor(scrolled / height));
  for (let row = first; row < rows.length; row++) {
    const y = topUnits * scale + row * height - scrolled;
    if (y > frame.height) break;
    const { text, detail, colour } = rows[row] ?? { text: "", detail: "", colour: ink };
    fill(frame, { x: 0, y: y + height - scale, width: frame.width, height: scale }, line);
    const dot = { x: scale * 8, y: y + scale * 4, width: scale * 15, height: scale * 15 };
    rounded(frame, dot, colour);
    drawText(frame, text, { x: scale * 30, y: y + scale * 3, scale, colour: ink });
    drawText(frame, detail, { x: scale * 30, y: y + scale * 13, scale, colour: faint });
  }
}

const names = ["Ada", "Bo", "Chen", "Dara", "Emil", "Fang", "Grace", "Hao", "Ines", "Jun"];

export function drawContacts(frame: Frame, _scene: Scene, { scrolled }: Of<"contacts">): void {
  page(frame, "");
  const rows = Array.from({ length: contactCount }, (_, row) => ({
    text: `${names[row % names.length] ?? ""} ${row + 1}`,
    detail: `+86 10 ${String(5_550_000 + row * 37)}`,
    colour: [60 + ((row * 53) % 150), 90 + ((row * 91) % 120), 220 - ((row * 37) % 150)] as const,
  }));
  drawRows(frame, scrolled, rows);
  header(frame, "Contacts");
}

/** The title, on top of what scrolls below it. */
function header(frame: Frame, title: string): void {
  const scale = unit(frame);
  fill(frame, { x: 0, y: 0, width: frame.width, height: topUnits * scale }, paper);
  drawText(frame, title, { x: scale * 8, y: scale * 26, scale: scale * 2, colour: ink });
}

function settingsRows({ phone }: Scene): { text: string; detail: string; colour: Colour }[] {
  const property = (name: string): string => phone.properties.get(name) ?? "";
  const dark = phone.disk.settings.get("secure/ui_night_mode") === "2";
  const aeroplane = phone.disk.settings.get("global/airplane_mode_on") === "1";
  return [
    {
      text: "Aeroplane mode",
      detail: aeroplane ? "on" : "off",
      colour: aeroplane ? [52, 168, 83] : line,
    },
    { text: "Dark theme", detail: dark ? "on" : "off", colour: dark ? [52, 168, 83] : line },
    { text: "Model", detail: property("ro.product.model"), colour: [79, 134, 247] },
    {
      text: "Android version",
      detail: property("ro.build.version.release"),
      colour: [79, 134, 247],
    },
    { text: "Serial number", detail: property("ro.serialno"), colour: [171, 97, 214] },
    { text: "Language", detail: property("persist.sys.locale"), colour: [234, 134, 60] },
    { text: "Time zone", detail: property("persist.sys.timezone"), colour: [234, 134, 60] },
    { text: "Apps", detail: `${phone.disk.packages.size} installed`, colour: [44, 166, 164] },
  ];
}

export function drawSettings(frame: Frame, scene: Scene, { scrolled }: Of<"settings">): void {
  page(frame, "");
  drawRows(frame, scrolled, settingsRows(scene));
  header(frame, "Settings");
}

const switches = [
  { name: "global/airplane_mode_on", on: "1", off: "0" },
  { name: "secure/ui_night_mode", on: "2", off: "1" },
];

/** A tap on one of the two switches turns it. */
export function tapSettings(scene: Scene, { scrolled }: Of<"settings">, point: Point): void {
  const scale = unit(scene);
  const row = Math.floor((point.y + scrolled - topUnits * scale) / (rowUnits * scale));
  const setting = contains({ x: 0, y: topUnits * scale, ...scene }, point)
    ? switches[row]
    : undefined;
  if (!setting) return;
  const { settings } = scene.phone.disk;
  settings.set(setting.name, settings.get(setting.name) === setting.on ? setting.off : setting.on);
  scene.phone.keepDisk();
}

/** A ball that never stands still, and a bar that fills each second: for whoever measures a stream. */
export function drawMotion(frame: Frame, { now }: Scene): void {
  const scale = page(frame, "Motion");
  const size = scale * 28;
  const phase = (periodMs: number): number => (now.getTime() % periodMs) / periodMs;
  const swing = (periodMs: number): number => Math.abs(phase(periodMs) * 2 - 1);
  const room = { x: frame.width - size, y: frame.height - topUnits * scale - size };
  const ball = {
    x: Math.floor(room.x * swing(2300)),
    y: topUnits * scale + Math.floor(Math.max(0, room.y) * swing(1700)),
    width: size,
    height: size,
  };
  rounded(frame, ball, [226, 84, 104]);
  fill(
    frame,
    {
      x: 0,
      y: frame.height - scale * 16,
      width: Math.floor(frame.width * phase(1000)),
      height: scale * 8,
    },
    [79, 134, 247],
  );
}
