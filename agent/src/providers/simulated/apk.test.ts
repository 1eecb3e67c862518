import { readFileSync } from "node:fs";
import { realApk, zipOf } from "@cloudphone/testing/apk";
import { describe, expect, it } from "vitest";
import { readPackage } from "./apk.ts";

const apk = readFileSync(realApk);

describe("reading a package", () => {
  it("finds the name, version and launcher of a real one", () => {
    expect(readPackage(apk)).toMatchObject({
      packageName: "io.appium.settings",
      versionName: "8.0.10",
      versionCode: 192,
      label: "Settings",
    });
  });

  it("rejects what is no zip, an empty file and half a package", () => {
    for (const bytes of [Buffer.from("not a package"), Buffer.alloc(0), apk.subarray(0, 50_000)])
      expect(() => readPackage(bytes)).toThrow(/./);
  });

  it("refuses a package that is damaged anywhere in its manifest", () => {
    const name = apk.lastIndexOf("AndroidManifest.xml");
    // Central directory header, APPNOTE 4.3.12: packed size and local offset, 26 and 4 bytes before the name.
    const size = apk.readUInt32LE(name - 26);
    const local = apk.readUInt32LE(name - 4);
    for (let step = 0; step < 60; step++) {
      const damaged = Buffer.from(apk);
      const at = local + 60 + Math.floor(((size - 60) * step) / 60);
      damaged[at] = (damaged[at] ?? 0) ^ 0x5a;
      expect(() => readPackage(damaged)).toThrow(/./);
    }
  });

  it("refuses a manifest whose chunks do not go on, instead of reading it for ever", () => {
    const manifest = Buffer.alloc(64);
    manifest.writeUInt32LE(0x0008_0003, 0);
    manifest.writeUInt32LE(64, 4);
    manifest.writeUInt16LE(0x0102, 8);
    expect(() => readPackage(zipOf("AndroidManifest.xml", manifest))).toThrow("damaged");
  });
});
