import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { SimPhone } from "../phone.ts";
import { screenshot } from "../screenshot.ts";
import { drawScreen } from "./draw.ts";
import { blankFrame, bytesOf } from "./frame.ts";
import { iconAt } from "./home.ts";
import { keyCodes, pressKey, typeText } from "./keys.ts";
import { builtInApps, launch, type Scene, type Screen } from "./scene.ts";

const noon = new Date("2026-01-01T12:00:00Z");

function phone(width = 360, height = 640): SimPhone {
  const spec = { provider: "simulated", image: "sim:13", dpi: 240, memoryMiB: 512, cpus: 1 };
  const made = new SimPhone({ ...spec, width, height, properties: {} });
  made.properties.set("sys.boot_completed", "1");
  return made;
}

function install(on: SimPhone, name: string): void {
  on.disk.packages.set(name, {
    packageName: name,
    label: name.split(".").at(-1) ?? name,
    versionName: "1",
    versionCode: 1,
    launcher: null,
    path: `/data/app/${name}/base.apk`,
    installedAt: 0,
  });
}

const sceneOf = (on: SimPhone, ms = 0): Scene => ({
  phone: on,
  ...on.size,
  now: new Date(noon.getTime() + ms),
});

function draw(on: SimPhone, ms = 0): Buffer {
  const scene = sceneOf(on, ms);
  const frame = blankFrame(scene.width, scene.height);
  on.touchScreen.step(scene);
  drawScreen(frame, scene);
  on.touchScreen.draw(frame, scene);
  return Buffer.from(bytesOf(frame));
}

/** One finger along a line, a step each 16 ms; returns when it was lifted. */
function swipe(on: SimPhone, from: [number, number], to: [number, number]): number {
  const steps = 6;
  const at = (step: number) => ({
    pointer: "1",
    x: from[0] + ((to[0] - from[0]) * step) / steps,
    y: from[1] + ((to[1] - from[1]) * step) / steps,
  });
  on.touchScreen.touch(sceneOf(on), { ...at(0), action: "down" });
  for (let step = 1; step <= steps; step++)
    on.touchScreen.touch(sceneOf(on, step * 16), { ...at(step), action: "move" });
  on.touchScreen.touch(sceneOf(on, steps * 16 + 1), { ...at(steps), action: "up" });
  return steps * 16 + 1;
}

function open(on: SimPhone, name: string): void {
  const screen = launch(on, name);
  if (!screen) throw new Error(`${name} is not on the phone`);
  on.show(screen);
}

const scrolled = ({ screen }: SimPhone): number => ("scrolled" in screen ? screen.scrolled : -1);

describe("the simulated phone's screen", () => {
  it("is the same picture for the same state and time, and fully opaque", () => {
    const drawn = draw(phone());
    expect(drawn.equals(draw(phone()))).toBe(true);
    for (let at = 3; at < drawn.length; at += 4)
      if (drawn[at] !== 255) throw new Error(`hole at ${at}`);
    expect(drawn).toHaveLength(360 * 640 * 4);
  });

  it("shows another picture for each thing that can be on it", () => {
    const on = phone();
    const pictures = [draw(on)];
    install(on, "org.example.notes");
    pictures.push(draw(on));
    for (const { packageName } of [...builtInApps, { packageName: "org.example.notes" }]) {
      open(on, packageName);
      pictures.push(draw(on));
    }
    typeText(on, "hello");
    pictures.push(draw(on));
    typeText(on, "\u4f60");
    pictures.push(draw(on));
    expect(new Set(pictures.map((bytes) => bytes.toString("latin1"))).size).toBe(pictures.length);
  });

  it("draws two characters that its font lacks differently", () => {
    const [first, second] = ["\u4f60", "\u597d"].map((text) => {
      const on = phone();
      open(on, "com.cloudphone.notes");
      typeText(on, text);
      return draw(on);
    });
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(false);
  });

  it("finds each app under its own icon and nothing beside them", () => {
    const on = phone();
    const names = Array.from({ length: 8 }, (_, at) => `org.example.app${at}`);
    for (const name of names) install(on, name);
    const hits = new Set<string>();
    for (let y = 0; y < 640; y += 8)
      for (let x = 0; x < 360; x += 8) {
        const hit = iconAt(sceneOf(on), { x, y });
        if (hit) hits.add(hit);
      }
    const expected = [...names, ...builtInApps.map((app) => app.packageName)];
    expect([...hits].toSorted()).toEqual(expected.toSorted());
    expect(iconAt(sceneOf(on), { x: 1, y: 1 })).toBeNull();
  });

  it.each([
    [120, 120],
    [720, 1280],
    [1280, 720],
    [333, 777],
  ])("draws %i by %i pixels, and its PNG says so", (width, height) => {
    const on = phone(width, height);
    for (let app = 0; app < 40; app++) install(on, `org.example.a${app}`);
    const png = PNG.sync.read(screenshot(on));
    expect([png.width, png.height]).toEqual([width, height]);
    on.rotation = 1;
    const turned = PNG.sync.read(screenshot(on));
    expect([turned.width, turned.height]).toEqual([height, width]);
  });
});

describe("fingers on the simulated phone's screen", () => {
  it("start an app with a tap, and show a ripple that fades", () => {
    const on = phone();
    const place = { pointer: "1", x: 45, y: 560 };
    const still = draw(on, 1000);
    on.touchScreen.touch(sceneOf(on), { ...place, action: "down" });
    expect(on.touchScreen.moving).toBe(true);
    expect(draw(on, 100).equals(still)).toBe(false);
    on.touchScreen.touch(sceneOf(on, 50), { ...place, action: "up" });
    expect(on.screen).toMatchObject({ kind: "app", packageName: "com.cloudphone.notes" });
    draw(on, 1000);
    expect(on.touchScreen.moving).toBe(false);
  });

  it("scroll a list as far as they go, by an even distance, and fling it on", () => {
    const on = phone();
    open(on, "com.cloudphone.contacts");
    const liftedMs = swipe(on, [180, 500], [180, 299]);
    const first = scrolled(on);
    expect(first).toBeGreaterThanOrEqual(200);
    expect(first % 2).toBe(0);
    for (let ms = liftedMs; ms < liftedMs + 3000; ms += 33) draw(on, ms);
    expect(scrolled(on)).toBeGreaterThan(first);
    expect(on.touchScreen.moving).toBe(false);
    expect(scrolled(on) % 2).toBe(0);
  });

  it("can't scroll a list beyond its ends", () => {
    const on = phone();
    open(on, "com.cloudphone.contacts");
    swipe(on, [180, 300], [180, 600]);
    expect(scrolled(on)).toBe(0);
    open(on, "com.android.settings");
    swipe(on, [180, 600], [180, 100]);
    expect(scrolled(on)).toBe(0);
  });

  it("go home with a swipe up from the bottom", () => {
    const on = phone();
    open(on, "com.cloudphone.motion");
    swipe(on, [180, 635], [180, 300]);
    expect(on.screen).toEqual({ kind: "home" } satisfies Screen);
  });

  it("turn a switch of the settings, which stays on the phone's disk", () => {
    const on = phone();
    open(on, "com.android.settings");
    const before = draw(on);
    on.touchScreen.touch(sceneOf(on), { pointer: "1", action: "down", x: 100, y: 110 });
    on.touchScreen.touch(sceneOf(on, 9), { pointer: "1", action: "up", x: 100, y: 110 });
    expect(on.disk.settings.get("global/airplane_mode_on")).toBe("1");
    expect(draw(on, 1000).equals(before)).toBe(false);
  });

  it("are counted to ten", () => {
    const on = phone();
    for (let pointer = 0; pointer < 15; pointer++)
      on.touchScreen.touch(sceneOf(on), { pointer: String(pointer), action: "down", x: 1, y: 1 });
    expect(on.touchScreen.fingers).toBe(10);
  });
});

describe("keys of the simulated phone", () => {
  it("type letters, capitals and marks, and delete a whole character", () => {
    const on = phone();
    open(on, "com.cloudphone.notes");
    pressKey(on, 36, { shift: true });
    pressKey(on, 37);
    typeText(on, "\u{1f600}");
    expect(on.screen).toMatchObject({ text: "Hi\u{1f600}" });
    pressKey(on, keyCodes.delete);
    pressKey(on, keyCodes.enter);
    expect(on.screen).toMatchObject({ text: "Hi\n" });
    pressKey(on, keyCodes.home);
    expect(on.screen).toEqual({ kind: "home" });
  });

  it("turn the volume within its bounds, and put the display to sleep", () => {
    const on = phone();
    for (let times = 0; times < 20; times++) pressKey(on, keyCodes.volumeUp);
    expect(on.disk.settings.get("system/volume_music")).toBe("15");
    pressKey(on, keyCodes.power);
    expect(on.awake).toBe(false);
  });
});
