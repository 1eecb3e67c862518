import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import { fullBattery } from "./commands/battery.ts";
import { InstallRefusal, type PackageInfo, readPackage } from "./apk.ts";
import { LogBuffer } from "./log-buffer.ts";
import { runShell, serveShellV2 } from "./shell.ts";
import { serve, type ServiceIo } from "./service.ts";
import {
  bootProperties,
  copyDisk,
  type Disk,
  emptyDisk,
  forcedDensity,
  forcedSize,
  type Installed,
  readKnobs,
  type Knobs,
  newIdentity,
} from "./state.ts";
import { serveSync } from "./sync.ts";
import { packageOf, type Screen } from "./ui/scene.ts";
import { TouchScreen } from "./ui/touch.ts";

export interface PhoneOptions {
  /** What it had when it was last on; a factory-new one when it is left out. */
  readonly disk?: Disk;
  /** Called when its power, boot stage or packages have changed. */
  readonly onChange?: () => void;
  /** Called when what survives a power cut may have changed. */
  readonly onDisk?: () => void;
  /** Called when it has booted, and when it loses power after that. */
  readonly onPower?: (what: "booted" | "off", instanceId: string) => void;
}

interface SocketListener {
  readonly connections: number;
  taken: number;
  readonly onConnection: (io: ServiceIo, index: number) => Promise<void>;
}

/** A phone's files are held in memory: this is what all of one phone may take together. */
const maxDiskBytes = 1024 ** 3;

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
  readonly touchScreen = new TouchScreen();
  /** Quarter turns to the left, as `user_rotation` counts them. */
  rotation: 0 | 1 | 2 | 3 = 0;
  /** Android reads it when it starts. */
  locale = "en-US";
  /** What a test provider gives; null: the phone knows no place. */
  location: { readonly latitude: number; readonly longitude: number } | null = null;
  /** The apps that have processes. */
  readonly running = new Set<string>();
  /** The power key puts the display to sleep and wakes it; everything runs on. */
  awake = true;
  clipboard = "";
  battery = { ...fullBattery };
  /** Its processes are stopped: adb is still there, and nothing answers. */
  hung = false;
  readonly #clipboardListeners = new Set<(text: string) => void>();
  /** Abstract sockets that programs on the phone listen on. */
  readonly #sockets = new Map<string, SocketListener>();
  #offAtMs: number | null = null;
  #power: AbortController | null = null;
  #instanceId = "";
  #timers: NodeJS.Timeout[] = [];
  readonly #onChange: () => void;
  readonly #onDisk: () => void;
  readonly #onPower: NonNullable<PhoneOptions["onPower"]>;

  constructor(spec: DeviceSpec, options: PhoneOptions = {}) {
    this.spec = spec;
    this.knobs = readKnobs(spec.properties);
    this.disk = options.disk ?? emptyDisk();
    this.#onChange = options.onChange ?? (() => undefined);
    this.#onDisk = options.onDisk ?? (() => undefined);
    this.#onPower = options.onPower ?? (() => undefined);
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

  /** The screen's size in pixels as it is turned now. */
  get size(): { width: number; height: number } {
    const { width, height } = this.display;
    return this.rotation % 2 === 0 ? { width, height } : { width: height, height: width };
  }

  /** The screen unturned, with what `wm size` and `wm density` put in the panel's place. */
  get display(): { width: number; height: number; dpi: number } {
    const { settings } = this.disk;
    const [width, height] = (settings.get(forcedSize) ?? "").split(",").map(Number);
    return {
      width: width || this.spec.width,
      height: height || this.spec.height,
      dpi: Number(settings.get(forcedDensity)) || this.spec.dpi,
    };
  }

  /** How long it has been without power; null while it has it, and before it ever had. */
  get offForMs(): number | null {
    return this.on || this.#offAtMs === null ? null : performance.now() - this.#offAtMs;
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
    this.properties = bootProperties(this.spec, this.disk);
    this.locale = this.properties.get("persist.sys.locale") ?? "en-US";
    this.location = null;
    this.running.clear();
    this.applySettings();
    this.screen = { kind: "home" };
    this.awake = true;
    this.log.add("I", "SimPhone", "booting");
    this.#after(this.knobs.bootDelayMs, () => {
      this.properties.set("sys.boot_completed", "1");
      this.properties.set("dev.bootcomplete", "1");
      this.log.add("I", "SimPhone", "boot completed");
      this.#onPower("booted", this.#instanceId);
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
    if (this.booted) this.#onPower("off", this.#instanceId);
    if (this.#power) this.#offAtMs = performance.now();
    this.#power?.abort();
    this.#power = null;
    this.#sockets.clear();
    this.clipboard = "";
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
    this.disk.properties.clear();
    this.disk.identity = newIdentity();
    this.log.clear();
    this.#onDisk();
    this.#onChange();
  }

  /** Another disk's content under this phone's own identity; it must be off. */
  restore(from: Disk): void {
    this.disk = { ...copyDisk(from), identity: this.disk.identity };
    this.log.clear();
    this.#onDisk();
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
        ? serve(
            (io) => serveShellV2(this, { line: argument, pty: name.includes("pty") }, io),
            power,
          )
        : serve((io) => runShell(this, argument, io), power);
    if (name === "exec") return serve((io) => runShell(this, argument, io), power);
    if (name === "localabstract") return this.#connect(argument, power);
    if (name === "sync") return serve((io) => serveSync(this, io), power);
    if (name === "reboot")
      return serve(async () => {
        setImmediate(() => this.reboot());
        await Promise.resolve();
      }, power);
    return null;
  }

  /** Listens on an abstract socket for so many connections, then no more; null when the name is taken. */
  listen(
    name: string,
    connections: number,
    onConnection: SocketListener["onConnection"],
  ): Disposable | null {
    if (this.#sockets.has(name)) return null;
    const listener = { connections, taken: 0, onConnection };
    this.#sockets.set(name, listener);
    return {
      [Symbol.dispose]: () => {
        if (this.#sockets.get(name) === listener) this.#sockets.delete(name);
      },
    };
  }

  isListening(name: string): boolean {
    return this.#sockets.has(name);
  }

  #connect(name: string, power: AbortSignal): Duplex | null {
    const listener = this.#sockets.get(name);
    if (!listener) return null;
    const index = listener.taken++;
    if (listener.taken === listener.connections) this.#sockets.delete(name);
    return serve((io) => listener.onConnection(io, index), power);
  }

  setClipboard(text: string): void {
    if (text === this.clipboard) return;
    this.clipboard = text;
    for (const listener of this.#clipboardListeners) listener(text);
  }

  onClipboard(listener: (text: string) => void): Disposable {
    this.#clipboardListeners.add(listener);
    return { [Symbol.dispose]: () => this.#clipboardListeners.delete(listener) };
  }

  /** Installs over what is there; `InstallRefusal` with Android's code. */
  async install(bytes: Buffer): Promise<Installed> {
    const power = this.power;
    if (this.knobs.installDelayMs > 0)
      await delay(this.knobs.installDelayMs, undefined, power ? { signal: power } : {});
    if (this.knobs.installFails)
      throw new InstallRefusal(this.knobs.installFails, "ordered by sim.installFails");
    let info: PackageInfo;
    try {
      info = readPackage(bytes);
    } catch (cause) {
      throw new InstallRefusal(
        "INSTALL_PARSE_FAILED_NOT_APK",
        `Failed to parse the package: ${cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "unreadable"}`,
      );
    }
    const path = `/data/app/${info.packageName}/base.apk`;
    const installed: Installed = { ...info, path, installedAt: Date.now() };
    if (power?.aborted || !this.writeFile(path, bytes))
      throw new InstallRefusal("INSTALL_FAILED_INSUFFICIENT_STORAGE", "no space left on device");
    this.disk.packages.set(info.packageName, installed);
    this.log.add("I", "PackageManager", `installed ${info.packageName} ${info.versionName}`);
    this.#onDisk();
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
    this.stopApp(packageName);
    this.log.add("I", "PackageManager", `removed ${packageName}`);
    this.#onDisk();
    this.#onChange();
    return true;
  }

  /** False when there is no room for it. */
  writeFile(path: string, bytes: Buffer): boolean {
    let total = bytes.length - (this.disk.files.get(path)?.length ?? 0);
    for (const file of this.disk.files.values()) total += file.length;
    if (total > maxDiskBytes) return false;
    this.disk.files.set(path, bytes);
    return true;
  }

  setProperty(name: string, value: string): void {
    this.properties.set(name, value);
    if (name.startsWith("persist.")) this.disk.properties.set(name, value);
  }

  /** Turns the screen and keeps it so, however the phone is held. */
  lockRotation(turns: 0 | 1 | 2 | 3): void {
    this.disk.settings.set("system/accelerometer_rotation", "0");
    this.disk.settings.set("system/user_rotation", String(turns));
    this.applySettings();
  }

  /** What follows at once from the settings. */
  applySettings(): void {
    const locked = this.disk.settings.get("system/accelerometer_rotation") === "0";
    const turns = Number(this.disk.settings.get("system/user_rotation")) || 0;
    this.rotation = locked ? ((turns & 3) as 0 | 1 | 2 | 3) : 0;
  }

  /** Ends an app's processes; nothing happens when it has none. */
  stopApp(packageName: string): void {
    this.running.delete(packageName);
    if (packageOf(this.screen) === packageName) this.screen = { kind: "home" };
  }

  /** To be called after files or settings were changed by the shell or the sync service. */
  keepDisk(): void {
    this.#onDisk();
  }

  show(screen: Screen): void {
    this.screen = screen;
    if (screen.kind !== "home") this.running.add(packageOf(screen));
    this.log.add(
      "I",
      "ActivityManager",
      screen.kind === "home" ? "home" : `START ${packageOf(screen)}`,
    );
  }

  #after(ms: number, work: () => void): void {
    const timer = setTimeout(work, ms);
    timer.unref();
    this.#timers.push(timer);
  }
}
