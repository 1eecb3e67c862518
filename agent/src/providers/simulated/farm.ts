import path from "node:path";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { AdbTarget } from "../../adb/adb.ts";
import { startAdbServer, type PhoneShelf } from "./adb-server.ts";
import { startTransport } from "./adb-transport.ts";
import { DiskStore } from "./disk-store.ts";
import { SimPhone } from "./phone.ts";
import { SnapshotShelf } from "./snapshot-shelf.ts";
import { writePowerLine } from "./power-log.ts";
import { type Disk, emptyDisk } from "./state.ts";

export interface FarmOptions {
  /** `server`: one adb server of our own for all phones. `transport`: a port per phone, for a real adb server. */
  readonly frontEnd: "server" | "transport";
  readonly capacity: number;
  /** Where the phones' disks are kept over restarts; null: in memory only. */
  readonly dir: string | null;
  /** The real adb server that reaches the ports of the `transport` front end. */
  readonly adbServer?: AdbTarget["server"];
  /** Where the phones write down when they were on. */
  readonly powerLog?: string | undefined;
}

interface Slot {
  readonly phone: SimPhone;
  /** The port it had before: adb finds it again at the same address. */
  port: number;
  transport: { port: number; stop(): void } | null;
}

/**
 * A shelf of simulated phones and the door to them. What it keeps on disk survives a restart of the agent, as a phone's flash would; the
 * phones themselves lose power with this process.
 */
export class SimFarm implements PhoneShelf {
  readonly options: FarmOptions;
  readonly snapshots: SnapshotShelf;
  readonly #slots = new Map<Id, Slot>();
  readonly #listeners = new Set<(deviceId: Id) => void>();
  readonly #disks: DiskStore | null;
  #server: { port: number; stop(): void } | null = null;

  constructor(options: FarmOptions) {
    this.options = options;
    this.#disks = options.dir === null ? null : new DiskStore(options.dir);
    this.snapshots = new SnapshotShelf(
      options.dir === null ? null : path.join(options.dir, "snapshots"),
    );
  }

  async start(): Promise<void> {
    for (const [deviceId, { spec, disk }] of this.#disks?.load() ?? [])
      if (!this.#slots.has(deviceId)) this.#add(deviceId, spec, disk);
    if (this.options.frontEnd === "server") this.#server = await startAdbServer(this);
  }

  stop(): void {
    for (const { phone, transport } of this.#slots.values()) {
      phone.powerOff();
      transport?.stop();
    }
    this.#server?.stop();
    this.#server = null;
  }

  get size(): number {
    return this.#slots.size;
  }

  ids(): Id[] {
    return [...this.#slots.keys()];
  }

  find(deviceId: Id): SimPhone | null {
    return this.#slots.get(deviceId)?.phone ?? null;
  }

  /** The phones that are on, by the serial that adb knows them by. */
  phones(): ReadonlyMap<string, SimPhone> {
    return new Map(
      [...this.#slots]
        .filter(([, { phone }]) => phone.on)
        .map(([id, { phone }]) => [serialOf(id), phone]),
    );
  }

  /** Calls back with the phone that was made, changed or removed. */
  onChange(listener: (deviceId: Id) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  create(deviceId: Id, spec: DeviceSpec): SimPhone {
    const known = this.find(deviceId);
    if (known) return known;
    if (this.#slots.size >= this.options.capacity)
      throw new Fault(
        "no_capacity",
        `This host holds ${this.options.capacity} simulated phones and has no room for another.`,
      );
    return this.#add(deviceId, spec, emptyDisk());
  }

  async powerOn(deviceId: Id): Promise<void> {
    const slot = this.#slots.get(deviceId);
    if (!slot) throw new Fault("not_found", "The phone is not there any more.");
    slot.phone.powerOn();
    if (this.options.frontEnd !== "transport" || slot.transport || slot.phone.knobs.dropAdb) return;
    const listening = await startTransport(slot.phone, slot.port).catch(() =>
      // Somebody else has taken the port meanwhile.
      startTransport(slot.phone),
    );
    if (slot.transport || this.#slots.get(deviceId) !== slot) {
      listening.stop();
      return;
    }
    slot.transport = listening;
    slot.port = listening.port;
  }

  powerOff(deviceId: Id): void {
    const slot = this.#slots.get(deviceId);
    slot?.phone.powerOff();
    slot?.transport?.stop();
    if (slot) slot.transport = null;
  }

  wipe(deviceId: Id): void {
    this.powerOff(deviceId);
    this.find(deviceId)?.wipe();
  }

  destroy(deviceId: Id): void {
    this.powerOff(deviceId);
    this.#slots.delete(deviceId);
    this.#disks?.remove(deviceId);
    this.#hint(deviceId);
  }

  /** How to reach a phone that is on; null while it can't be reached. */
  target(deviceId: Id): AdbTarget | null {
    const slot = this.#slots.get(deviceId);
    if (!slot) return null;
    if (this.#server)
      return {
        server: { host: "127.0.0.1", port: this.#server.port, bin: null },
        serial: serialOf(deviceId),
        connect: null,
      };
    const server = this.options.adbServer ?? { host: "127.0.0.1", port: 5037, bin: "adb" };
    const connect = `127.0.0.1:${slot.transport?.port ?? 0}`;
    return { server, serial: connect, connect };
  }

  #add(deviceId: Id, spec: DeviceSpec, disk: Disk): SimPhone {
    const phone: SimPhone = new SimPhone(spec, {
      disk,
      onChange: () => this.#hint(deviceId),
      onPower: (what, instanceId) => {
        const { powerLog } = this.options;
        if (powerLog) writePowerLine(powerLog, { deviceId, instanceId, what });
      },
      onDisk: () => {
        if (this.find(deviceId) === phone) this.#disks?.save(deviceId, spec, phone.disk);
      },
    });
    // First: one that can't be kept is not made.
    this.#disks?.save(deviceId, spec, disk);
    this.#slots.set(deviceId, { phone, port: 0, transport: null });
    this.#hint(deviceId);
    return phone;
  }

  #hint(deviceId: Id): void {
    for (const listener of this.#listeners) listener(deviceId);
  }
}

/** "sim-" and the random end of the device's id. */
const serialOf = (deviceId: Id): string => `sim-${deviceId.replaceAll("-", "").slice(-12)}`;
