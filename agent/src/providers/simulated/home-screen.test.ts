import { PNG } from "pngjs";
import { describe, expect, it } from "vitest";
import { drawScreen, iconAt } from "./home-screen.ts";
import { SimPhone } from "./phone.ts";
import { screenshot } from "./screenshot.ts";

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

describe("the simulated phone's screen", () => {
  it("is the same picture for the same state and time, and fully opaque", () => {
    const drawn = drawScreen(phone(), noon);
    expect(Buffer.from(drawn.pixels).equals(Buffer.from(drawScreen(phone(), noon).pixels))).toBe(
      true,
    );
    for (let at = 3; at < drawn.pixels.length; at += 4)
      if (drawn.pixels[at] !== 255) throw new Error(`hole at ${at}`);
    expect(drawn.pixels).toHaveLength(360 * 640 * 4);
  });

  it("shows another picture once an app is installed, started or typed into", () => {
    const on = phone();
    const pictures = [drawScreen(on, noon)];
    install(on, "org.example.notes");
    pictures.push(drawScreen(on, noon));
    on.show({ kind: "app", packageName: "org.example.notes", text: "" });
    pictures.push(drawScreen(on, noon));
    on.show({ kind: "app", packageName: "org.example.notes", text: "hello" });
    pictures.push(drawScreen(on, noon));
    const distinct = new Set(pictures.map(({ pixels }) => Buffer.from(pixels).toString("latin1")));
    expect(distinct.size).toBe(4);
  });

  it("finds each app under its own icon and nothing beside them", () => {
    const on = phone();
    const names = Array.from({ length: 9 }, (_, at) => `org.example.app${at}`);
    for (const name of names) install(on, name);
    const hits = new Set<string>();
    for (let y = 0; y < 640; y += 8)
      for (let x = 0; x < 360; x += 8) {
        const hit = iconAt(on, x, y);
        if (hit) hits.add(hit);
      }
    expect([...hits].toSorted()).toEqual(names);
    expect(iconAt(on, 1, 1)).toBeNull();
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
  });
});
