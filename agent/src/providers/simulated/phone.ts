import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import { InstallRefusal, readPackage } from "./apk.ts";
import { LogBuffer } from "./log-buffer.ts";
import { runShell, serveExec, serveShellV2 } from "./shell.ts";
import { serve } from "./service.ts";
import {
  type Disk,
  defaultProperties,
  emptyDisk,
  type Installed,
  readKnobs,
  type Knobs,
  newIdentity,
  type Screen,
} from "./state.ts";
import { serveSync } from "./sync.ts";

/**
 * A phone without Android: it boots, has properties and files, installs real packages, shows a home screen, and answers adb's device services.
 * Everything that asks it comes in through `open`, as on a real one.
 */
export class SimPhone {
  readonly spec: DeviceSpec;
  readonly knobs: Knobs;
  readonly log = new LogBuffer();
  disk: Disk;
  properties = new Map<string, string>();
  screen: Screen = { kind: "home" };
  rotation = 0;
  #power: AbortController | null = null;
  #instanceId = "";
  #timers: NodeJS.Timeout[] = [];
  readonly #onChange: () => void;

  constructor(spec: DeviceSpec, options: { disk?: Disk; onChange?: () => void } = {}) {
    this.spec = spec;
    this.knobs = readKnobs(spec.properties);
    this.disk = options.disk ?? emptyDisk();
    this.#onChange = options.onChange ?? (() => undefined);
  }

  get on(): boolean {
    return this.#power !== null;
  }

  /** Aborted when the phone loses power; null while it is off. */
  get power(): AbortSignal | null {
    return this.#power?.signal ?? null;
  }

  /** Another one each time it is switched on. */
  get instanceId(): string {
    return this.#instanceId;
  }

  get booted(): boolean {
    return this.properties.get("sys.boot_completed") === "1";
  }

  powerOn(): void {
    if (this.#power) return;
    if (this.knobs.failStart)
      throw new Fault("device_failed", "The phone did not start: sim.failStart is set.");
    this.#power = new AbortController();
    this.#instanceId = randomUUID();
    this.properties = defaultProperties(this.spec, this.disk.identity);
    this.screen = { kind: "home" };
    this.log.add("I", "SimPhone", "booting");
    this.#after(this.knobs.bootDelayMs, () => {
      this.properties.set("sys.boot_completed", "1");
      this.properties.set("dev.bootcomplete", "1");
      this.log.add("I", "SimPhone", "boot completed");
      this.#onChange();
    });
    if (this.knobs.crashAfterMs !== null)
      this.#after(this.knobs.crashAfterMs, () => {
        this.log.add("E", "SimPhone", "crashed");
        this.powerOff();
      });
    this.#onChange();
  }

  /** Every open service ends. */
  powerOff(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#power?.abort();
    this.#power = null;
    this.properties.set("sys.boot_completed", "0");
    this.#onChange();
  }

  reboot(): void {
    this.powerOff();
    this.powerOn();
  }

  /** Factory state and a new identity. */
  wipe(): void {
    this.powerOff();
    this.disk.files.clear();
    this.disk.folders.clear();
    this.disk.packages.clear();
    this.disk.settings.clear();
    this.disk.identity = newIdentity();
    this.#onChange();
  }

  /** A device service by its name ("shell:ls", "sync:"), or null when there is none such or the phone is off. */
  open(service: string): Duplex | null {
    const power = this.#power?.signal;
    if (!power || this.knobs.dropAdb) return null;
    const colon = service.indexOf(":");
    const name = service.slice(0, colon);
    const argument = service.slice(colon + 1).replace(/\0$/, "");
    if (name === "shell") return serve((io) => runShell(this, argument, io), power);
    if (name.startsWith("shell,"))
      return name.includes("v2")
        ? serve((io) => serveShellV2(this, argument, io), power)
        : serve((io) => runShell(this, argument, io), power);
    if (name === "exec") return serve((io) => serveExec(this, argument, io), power);
    if (name === "sync") return serve((io) => serveSync(this, io), power);
    if (name === "reboot")
      return serve(async () => {
        setImmediate(() => this.reboot());
        await Promise.resolve();
      }, power);
    return null;
  }

  /** Installs over what is there; `InstallRefusal` with Android's code. */
  async install(bytes: Buffer): Promise<Installed> {
    if (this.knobs.installDelayMs > 0)
      await new Promise((resolve) => setTimeout(resolve, this.knobs.installDelayMs));
    if (this.knobs.installFails)
      throw new InstallRefusal(this.knobs.installFails, "ordered by sim.installFails");
    let info: Awaited<ReturnType<typeof readPackage>>;
    try {
      info = await readPackage(bytes);
    } catch (cause) {
      throw new InstallRefusal(
        "INSTALL_PARSE_FAILED_NOT_APK",
        `Failed to parse the package: ${cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "unreadable"}`,
      );
    }
    const path = `/data/app/${info.packageName}/base.apk`;
    const installed: Installed = { ...info, path, installedAt: Date.now() };
    this.disk.files.set(path, bytes);
    this.disk.packages.set(info.packageName, installed);
    this.log.add("I", "PackageManager", `installed ${info.packageName} ${info.versionName}`);
    this.#onChange();
    return installed;
  }

  /** False when it is not installed. */
  uninstall(packageName: string): boolean {
    const installed = this.disk.packages.get(packageName);
    if (!installed) return false;
    this.disk.packages.delete(packageName);
    for (const file of this.disk.files.keys())
      if (
        file.startsWith(`/data/app/${packageName}/`) ||
        file.startsWith(`/data/data/${packageName}/`)
      )
        this.disk.files.delete(file);
    if (this.screen.kind === "app" && this.screen.packageName === packageName)
      this.screen = { kind: "home" };
    this.log.add("I", "PackageManager", `removed ${packageName}`);
    this.#onChange();
    return true;
  }

  show(screen: Screen): void {
    this.screen = screen;
    this.log.add(
      "I",
      "ActivityManager",
      screen.kind === "home" ? "home" : `START ${screen.packageName}`,
    );
  }

  #after(ms: number, work: () => void): void {
    const timer = setTimeout(work, ms);
    timer.unref();
    this.#timers.push(timer);
  }
}
