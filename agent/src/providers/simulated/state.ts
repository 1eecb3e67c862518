import { randomBytes } from "node:crypto";
import type { DeviceSpec } from "@cloudphone/shared/device";
import type { PackageInfo } from "./apk.ts";

/** Faults that a test or a demonstration can order, through the spec's properties. */
export interface Knobs {
  readonly failStart: boolean;
  readonly bootDelayMs: number;
  readonly crashAfterMs: number | null;
  readonly dropAdb: boolean;
  /** The code every install fails with. */
  readonly installFails: string | null;
  readonly installDelayMs: number;
  readonly hangShell: boolean;
  /** adb is root, as on a phone made for developers. */
  readonly root: boolean;
  /** The longest side of a video that the phone's encoder takes. */
  readonly encoderMaxSize: number | null;
  /** The sum of the file that may run as scrcpy's server, instead of the official one's: for tests that have no network. */
  readonly scrcpySum: string | null;
}

export function readKnobs(properties: Readonly<Record<string, string>>): Knobs {
  const number = (name: string): number | null =>
    properties[name] === undefined ? null : Math.max(0, Number(properties[name]) || 0);
  const flag = (name: string): boolean => properties[name] === "1" || properties[name] === "true";
  return {
    failStart: flag("sim.failStart"),
    bootDelayMs: number("sim.bootDelayMs") ?? 300,
    crashAfterMs: number("sim.crashAfterMs"),
    dropAdb: flag("sim.dropAdb"),
    installFails: properties["sim.installFails"] ?? null,
    installDelayMs: number("sim.installDelayMs") ?? 0,
    hangShell: flag("sim.hangShell"),
    root: flag("sim.root"),
    encoderMaxSize: number("sim.encoderMaxSize"),
    scrcpySum: properties["sim.scrcpySum"] ?? null,
  };
}

export interface Installed extends PackageInfo {
  readonly path: string;
  readonly installedAt: number;
}

/** What a wipe gives anew. */
export interface Identity {
  readonly serialNumber: string;
  readonly androidId: string;
  readonly wifiMac: string;
}

export function newIdentity(): Identity {
  const hex = (bytes: number): string => randomBytes(bytes).toString("hex");
  const mac = `02${hex(5)}`.match(/../g) ?? [];
  return { serialNumber: `SIM${hex(5).toUpperCase()}`, androidId: hex(8), wifiMac: mac.join(":") };
}

/** What survives switching off: the phone's flash. Files are kept by their absolute path. */
export interface Disk {
  identity: Identity;
  readonly files: Map<string, Buffer>;
  /** Those made on purpose; others are implied by their files. */
  readonly folders: Set<string>;
  readonly packages: Map<string, Installed>;
  /** "NAMESPACE/KEY" */
  readonly settings: Map<string, string>;
  /** Those that begin with persist. */
  readonly properties: Map<string, string>;
}

export const emptyDisk = (): Disk => ({
  identity: newIdentity(),
  files: new Map(),
  folders: new Set(),
  packages: new Map(),
  settings: new Map(),
  properties: new Map(),
});

/** Its contents are shared: a file is replaced, never changed. */
export const copyDisk = (disk: Disk): Disk => ({
  identity: disk.identity,
  files: new Map(disk.files),
  folders: new Set(disk.folders),
  packages: new Map(disk.packages),
  settings: new Map(disk.settings),
  properties: new Map(disk.properties),
});

/** Where Android keeps the overrides of `wm`. */
export const forcedSize = "global/display_size_forced";
export const forcedDensity = "secure/display_density_forced";

/** What a phone's properties are when it starts. */
export function bootProperties(spec: DeviceSpec, disk: Disk): Map<string, string> {
  const { identity, properties, settings } = disk;
  const locale = settings.get("system/system_locales")?.split(",")[0];
  return new Map([
    ["ro.product.brand", "Cloudphone"],
    ["ro.product.manufacturer", "Cloudphone"],
    ["ro.product.model", "SimPhone"],
    ["ro.product.name", "simphone"],
    ["ro.product.device", "simphone"],
    ["ro.product.cpu.abi", "arm64-v8a"],
    ["ro.product.cpu.abilist", "arm64-v8a,armeabi-v7a,armeabi"],
    ["ro.build.version.release", "13"],
    ["ro.build.version.sdk", "33"],
    ["ro.build.fingerprint", `cloudphone/simphone/simphone:13/${spec.image}/1:user/release-keys`],
    ["ro.serialno", identity.serialNumber],
    ["ro.boot.serialno", identity.serialNumber],
    ["ro.sf.lcd_density", String(spec.dpi)],
    ["persist.sys.locale", "en-US"],
    ["persist.sys.timezone", "UTC"],
    ["sys.boot_completed", "0"],
    ["dev.bootcomplete", "0"],
    ...properties,
    // The settings win when the phone starts, as ActivityManager reads them then.
    ...(locale ? [["persist.sys.locale", locale] as const] : []),
  ]);
}
