import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { type DeviceSpec, deviceSpecSchema } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { z } from "zod";
import type { Disk } from "./state.ts";

const diskSchema = z.object({
  v: z.literal(2),
  spec: deviceSpecSchema,
  identity: z.object({ serialNumber: z.string(), androidId: z.string(), wifiMac: z.string() }),
  /** Path on the phone, SHA-256 of the content. */
  files: z.array(z.tuple([z.string(), z.string().regex(/^[0-9a-f]{64}$/)])),
  folders: z.array(z.string()),
  packages: z.array(
    z.object({
      packageName: z.string(),
      label: z.string(),
      versionName: z.string(),
      versionCode: z.number(),
      launcher: z.string().nullable(),
      path: z.string(),
      installedAt: z.number(),
    }),
  ),
  settings: z.array(z.tuple([z.string(), z.string()])),
  properties: z.array(z.tuple([z.string(), z.string()])).default([]),
});

/** Packages on their way to `pm install`: written, read once and removed. They end with this process, as they would by a cleaning phone. */
const transient = "/data/local/tmp/";

/**
 * Where the phones' flash is kept: a folder per phone, with `phone.json` and a file for each content, named by its hash. What a phone has
 * lost (by a wipe, an uninstall) is gone from the folder when `save` returns. The JSON file is replaced in one step, after the contents.
 */
export class DiskStore {
  readonly #dir: string;
  readonly #saved = new Map<Id, string>();
  readonly #hashes = new WeakMap<Buffer, string>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Every phone that can be read; one whose folder is damaged is left out, to be made anew under its id. */
  load(): Map<Id, { spec: DeviceSpec; disk: Disk }> {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const found = new Map<Id, { spec: DeviceSpec; disk: Disk }>();
    for (const deviceId of readdirSync(this.#dir)) {
      if (!/^[0-9a-f-]{36}$/.test(deviceId)) continue;
      try {
        found.set(deviceId, this.read(deviceId));
      } catch {
        rmSync(path.join(this.#dir, deviceId), { recursive: true, force: true });
      }
    }
    return found;
  }

  /** Those that were saved whole. */
  ids(): Id[] {
    if (!existsSync(this.#dir)) return [];
    return readdirSync(this.#dir).filter((name) =>
      existsSync(path.join(this.#dir, name, "phone.json")),
    );
  }

  save(deviceId: Id, spec: DeviceSpec, disk: Disk): void {
    const hashed = [...disk.files]
      .filter(([name]) => !name.startsWith(transient))
      .map(([name, bytes]) => [name, this.#hash(bytes), bytes] as const);
    const { identity, folders, packages, settings, properties } = disk;
    const stored: z.input<typeof diskSchema> = {
      v: 2,
      spec,
      identity,
      files: hashed.map(([name, hash]) => [name, hash]),
      folders: [...folders],
      packages: [...packages.values()],
      settings: [...settings],
      properties: [...properties],
    };
    const text = JSON.stringify(stored);
    if (this.#saved.get(deviceId) === text) return;
    const folder = path.join(this.#dir, deviceId);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const [, hash, bytes] of hashed)
      if (!existsSync(path.join(folder, hash))) replaceFile(path.join(folder, hash), bytes);
    replaceFile(path.join(folder, "phone.json"), text);
    const wanted = new Set(["phone.json", ...hashed.map(([, hash]) => hash)]);
    for (const name of readdirSync(folder))
      if (!wanted.has(name)) rmSync(path.join(folder, name), { force: true });
    this.#saved.set(deviceId, text);
  }

  remove(deviceId: Id): void {
    rmSync(path.join(this.#dir, deviceId), { recursive: true, force: true });
    this.#saved.delete(deviceId);
  }

  /** Throws when it is not there, or not whole. */
  read(deviceId: Id): { spec: DeviceSpec; disk: Disk } {
    const folder = path.join(this.#dir, deviceId);
    const text = readFileSync(path.join(folder, "phone.json"), "utf8");
    const { spec, identity, files, folders, packages, settings, properties } = diskSchema.parse(
      JSON.parse(text),
    );
    const contents = new Map<string, Buffer>();
    const disk: Disk = {
      identity,
      files: new Map(
        files.map(([name, hash]) => {
          const bytes = contents.get(hash) ?? readFileSync(path.join(folder, hash));
          contents.set(hash, bytes);
          this.#hashes.set(bytes, hash);
          return [name, bytes];
        }),
      ),
      folders: new Set(folders),
      packages: new Map(packages.map((one) => [one.packageName, one])),
      settings: new Map(settings),
      properties: new Map(properties),
    };
    return { spec, disk };
  }

  #hash(bytes: Buffer): string {
    const known = this.#hashes.get(bytes);
    if (known) return known;
    const hash = createHash("sha256").update(bytes).digest("hex");
    this.#hashes.set(bytes, hash);
    return hash;
  }
}

function replaceFile(file: string, content: Buffer | string): void {
  try {
    writeFileSync(`${file}.new`, content, { mode: 0o600 });
  } catch (error) {
    rmSync(`${file}.new`, { force: true });
    if ((error as NodeJS.ErrnoException).code === "ENOSPC")
      throw new Fault("disk_full", "The host's disk is full: the phone can't keep anything.", {
        cause: error,
      });
    throw error;
  }
  renameSync(`${file}.new`, file);
}
