import { randomBytes, randomUUID } from "node:crypto";
import type { DeviceSpec } from "@cloudphone/shared/device";
import type { ProviderReport } from "@cloudphone/shared/events/host";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { AdbDevice } from "../../adb/adb.ts";
import type { CallOptions, Handle, Observation, Provider } from "../provider.ts";
import type { Claim, Claims } from "./claims.ts";
import { readContents } from "./contents.ts";
import { mayBe, type Phone } from "./locate.ts";
import type { Vitals } from "./monitor.ts";
import type { UsbPhones } from "./phones.ts";
import { wipePhone } from "./wipe.ts";

const kind = "usb";
/** A phone that the adb server lost (it was restarted, a cable was touched) has this long to come back before it counts as away. */
const usualGraceMs = 4000;
/** How long a new device waits for a phone that is about to be free. */
const claimMs = 20_000;
const callMs = 10_000;
const tidyMs = 3000;
const reportMs = 4000;
const askAgainMs = 200;
const startGraceMs = 500;

/**
 * Real phones, on a cable or reached by `adb connect`, under the provider contract. Such a phone is claimed, not made: a device is a claim on one, kept in
 * the agent's data folder with what was on the phone before its first customer, and a wipe brings it back to that.
 *
 * Nobody switches a real phone on or off from here: `start` wakes it and begins a session, `stop` sends it to sleep and ends it, and only between the two is
 * it running, metered and reachable. Each session, and each restart of the phone within one, is another instance.
 */
export class UsbProvider implements Provider {
  readonly kind = kind;
  readonly #phones: UsbPhones;
  readonly #claims: Claims;
  readonly #logger: Logger;
  readonly #graceMs: number;
  readonly #watchers = new Set<(deviceId: Id | null) => void>();
  readonly #watching: Disposable;
  #cleaning: Promise<void> | null = null;

  constructor(options: {
    phones: UsbPhones;
    claims: Claims;
    logger: Logger;
    graceMs?: number;
  }) {
    this.#graceMs = options.graceMs ?? usualGraceMs;
    this.#phones = options.phones;
    this.#claims = options.claims;
    this.#logger = options.logger;
    this.#watching = options.phones.onChange(() => {
      this.#hint(null);
      this.#cleaning ??= this.#cleanReleased().finally(() => {
        this.#cleaning = null;
      });
    });
  }

  /** Capacity is what is claimed (also a phone that is away) and what could be: so "capacity less devices" is what a new one can have. */
  async fingerprint(): Promise<ProviderReport> {
    await this.#settled();
    const phones = this.#phones.list();
    const free = phones.filter((phone) => this.#isFree(phone));
    const claimed = this.#claims.all().filter(({ released }) => !released).length;
    const problems = [
      ...phones.map((phone) => this.#phones.problemOf(phone)),
      ...this.#phones.missingTargets(),
    ].filter((problem) => problem !== null);
    const serverProblem = this.#phones.serverProblem;
    const none = phones.length + claimed === 0 ? "No phone for rent is plugged in." : "";
    const reason = serverProblem ?? (problems.join(" ") || none);
    return {
      kind,
      available: serverProblem === null,
      reason: reason === "" ? null : reason.slice(0, 500),
      capacity: claimed + free.length,
      labels: { models: [...new Set(phones.map(({ model }) => model))].join(",").slice(0, 200) },
    };
  }

  async list({ signal }: CallOptions): Promise<{ deviceId: Id; handle: Handle }[]> {
    signal.throwIfAborted();
    const claims = this.#claims.all().filter(({ released }) => !released);
    return await Promise.resolve(
      claims.map((claim) => ({ deviceId: claim.deviceId, handle: handleOf(claim) })),
    );
  }

  /** Claims a free phone that fits; `no_capacity` when there is none. Looks at what is on it, which is what its wipes bring it back to. */
  async create(
    { deviceId, spec }: { deviceId: Id; spec: DeviceSpec },
    { signal }: CallOptions,
  ): Promise<Handle> {
    signal.throwIfAborted();
    const claim = this.#claims.find(deviceId) ?? (await this.#claim(deviceId, spec, signal));
    if (claim.baseline === null) {
      const device = await this.#open(claim, signal);
      const seen = await readContents(device, { timeoutMs: callMs, signal });
      // What files lie on it is of no matter: a wipe leaves none.
      this.#claims.change(deviceId, { baseline: { ...seen, files: [] } });
    }
    this.#hint(null);
    return handleOf(claim);
  }

  /** Wakes the phone and begins a session; refused, with the reason, while it is away, kept out or too hot. */
  async start(handle: Handle, { signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    const claim = this.#claimOf(handle);
    // Not the whole grace: the device is seen every few seconds anyway, and its reason is to be read meanwhile.
    const phone = await this.#phones.find(claim, { graceMs: startGraceMs, signal });
    await this.#phones.look(phone);
    const problem = this.#phones.problemOf(phone);
    if (problem) throw new Fault("unavailable", problem);
    const device = await this.#phones.open(phone);
    await device.shell(["input", "keyevent", "KEYCODE_WAKEUP"], { timeoutMs: callMs, signal });
    const session = claim.session ?? randomUUID();
    const { path } = phone;
    this.#claims.change(claim.deviceId, { session, path, used: true });
    this.#hint(claim.deviceId);
  }

  /** Ends the session and sends the phone to sleep, if it listens. */
  async stop(handle: Handle, { signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    const claim = this.#claims.find(idOf(handle));
    if (!claim?.session) return;
    this.#claims.change(claim.deviceId, { session: null });
    this.#hint(claim.deviceId);
    const asleep = async (): Promise<void> => {
      const phone = await this.#phones.find(claim, { graceMs: 0, signal });
      const device = await this.#phones.open(phone);
      await device.shell(["input", "keyevent", "KEYCODE_HOME"], { timeoutMs: tidyMs, signal });
      await device.shell(["input", "keyevent", "KEYCODE_SLEEP"], { timeoutMs: tidyMs, signal });
    };
    await asleep().catch(() => undefined);
  }

  /**
   * Brings the phone back to its baseline (wipe.ts says how far that goes), then restarts it: a program that a customer left running ends with that. While
   * anything is left it rejects, and the phone stays out of use.
   */
  async wipe(handle: Handle, { signal }: CallOptions): Promise<Handle> {
    signal.throwIfAborted();
    const claim = this.#claimOf(handle);
    if (claim.used) {
      await this.#clean(claim, signal);
      this.#claims.change(claim.deviceId, { used: false });
    }
    return handleOf(claim);
  }

  /** Gives the phone back, wiped. One that can't be wiped now (it is away) is free only after that was done. */
  async destroy(handle: Handle, { signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    const claim = this.#claims.find(idOf(handle));
    if (!claim) return;
    this.#claims.change(claim.deviceId, { session: null, released: true });
    try {
      if (claim.used) await this.#clean(claim, signal);
      this.#claims.remove(claim.deviceId);
    } catch (error) {
      this.#logger.warn(
        { err: error, serial: claim.serial },
        "a phone that was given back could not be wiped yet; nobody gets it before that",
      );
    }
    this.#hint(claim.deviceId);
    this.#hint(null);
  }

  async observe(handle: Handle, { signal }: CallOptions): Promise<Observation> {
    signal.throwIfAborted();
    const claim = this.#claims.find(idOf(handle));
    if (!claim || claim.released) return { state: "missing" };
    if (claim.session === null) return { state: "stopped" };
    try {
      const { phone, vitals } = await this.#seen(claim, signal);
      const instanceId = `${claim.session}.${vitals.bootId}`;
      const adb = this.#phones.targetOf(phone);
      if (!vitals.battery) return { state: "running", instanceId, adb };
      const { percent, temperatureC, charging } = vitals.battery;
      const battery = { percent, temperatureC, charging };
      return { state: "running", instanceId, adb, battery };
    } catch (error) {
      signal.throwIfAborted();
      // That adb does not answer says nothing of the phone: what was known of it stays.
      if (this.#phones.serverProblem !== null) throw error;
      const reason = error instanceof Fault ? error.message : "The phone does not answer.";
      return { state: "broken", reason };
    }
  }

  /** The phone and what it says of itself, asked again for a moment: the adb server may just have lost it, and will have it again. */
  async #seen(claim: Claim, signal: AbortSignal): Promise<{ phone: Phone; vitals: Vitals }> {
    const until = performance.now() + this.#graceMs;
    for (;;) {
      const leftMs = Math.max(0, until - performance.now());
      const phone = await this.#phones.find(claim, { graceMs: leftMs, signal });
      try {
        return { phone, vitals: await this.#phones.look(phone) };
      } catch (error) {
        if (!this.#phones.isPending(phone) || performance.now() >= until) throw error;
        await this.#changed(askAgainMs);
      }
    }
  }

  watch(onHint: (deviceId: Id | null) => void): Disposable {
    this.#watchers.add(onHint);
    return { [Symbol.dispose]: () => this.#watchers.delete(onHint) };
  }

  async close(): Promise<void> {
    this.#watching[Symbol.dispose]();
    this.#phones.close();
    await this.#cleaning;
  }

  async #claim(deviceId: Id, spec: DeviceSpec, signal: AbortSignal): Promise<Claim> {
    const until = performance.now() + claimMs;
    for (;;) {
      signal.throwIfAborted();
      const fitting = this.#phones.list().filter((phone) => fits(phone, spec));
      const free = fitting.find((phone) => this.#isFree(phone));
      if (free) {
        const { serial, path } = free;
        const fresh = { session: null, baseline: null, used: false, released: false };
        return this.#claims.put({ v: 1, deviceId, serial, path, ...fresh });
      }
      const soon = fitting.some((one) => this.#phones.isPending(one) && !this.#isClaimed(one));
      const waits =
        soon || this.#phones.unsettled || this.#claims.all().some(({ released }) => released);
      if (!waits || performance.now() >= until)
        throw new Fault("no_capacity", this.#noneFree(spec, fitting));
      await this.#changed(500);
    }
  }

  #noneFree({ image }: DeviceSpec, fitting: readonly Phone[]): string {
    if (fitting.length === 0) return `No phone for rent on this host is of the model ${image}.`;
    const problems = fitting.map((phone) => this.#phones.problemOf(phone)).filter((one) => one);
    return `All ${fitting.length} phones of this host that fit are let or can't be used. ${problems.join(" ")}`.trim();
  }

  #isFree(phone: Phone): boolean {
    return this.#phones.problemOf(phone) === null && !this.#isClaimed(phone);
  }

  #isClaimed(phone: Phone): boolean {
    const phones = this.#phones.list();
    return this.#claims.all().some((claim) => mayBe(claim, phone, phones));
  }

  #claimOf(handle: Handle): Claim {
    const claim = this.#claims.find(idOf(handle));
    if (!claim || claim.released)
      throw new Fault("not_found", "No phone is claimed for this device any more.");
    return claim;
  }

  async #open(claim: Claim, signal: AbortSignal): Promise<AdbDevice> {
    return this.#phones.open(await this.#phones.find(claim, { graceMs: this.#graceMs, signal }));
  }

  async #clean(claim: Claim, signal: AbortSignal): Promise<void> {
    const { baseline } = claim;
    if (!baseline)
      throw new Fault("device_failed", "It is not known what was on the phone before.");
    const phone = await this.#phones.find(claim, { graceMs: this.#graceMs, signal });
    await this.#phones.look(phone);
    const device = await this.#phones.open(phone);
    await wipePhone(device, { baseline, androidId: randomBytes(8).toString("hex"), signal });
    this.#phones.restarting(phone);
    await restart(device, signal);
  }

  /** Wipes what was given back while it was away, as soon as it is there again. */
  async #cleanReleased(): Promise<void> {
    for (const claim of this.#claims.all()) {
      if (!claim.released || this.#watchers.size === 0) continue;
      const signal = AbortSignal.timeout(60_000);
      try {
        await this.#phones.find(claim, { graceMs: 0, signal });
        await this.#clean(claim, signal);
        this.#claims.remove(claim.deviceId);
        this.#hint(null);
      } catch {
        // Still away, or not clean: the next change, or the next look of an operator, tries again.
      }
    }
  }

  /** Waits until the first list is there and its phones were looked at, as far as they answer soon. */
  async #settled(): Promise<void> {
    const until = performance.now() + reportMs;
    const open = (): boolean =>
      this.#phones.serverProblem !== null ||
      this.#phones.isConnecting ||
      this.#phones.list().some((phone) => this.#phones.isPending(phone));
    while (open() && performance.now() < until) await this.#changed(until - performance.now());
  }

  async #changed(ms: number): Promise<void> {
    const changed = Promise.withResolvers<void>();
    using _watching = this.#phones.onChange(() => changed.resolve());
    const timer = setTimeout(() => changed.resolve(), ms);
    await changed.promise;
    clearTimeout(timer);
  }

  #hint(deviceId: Id | null): void {
    for (const watcher of this.#watchers) watcher(deviceId);
  }
}

/** `reboot:` is adb's own service; a daemon that lacks it has the program. Either ends the connection, so no answer is no failure. */
async function restart(device: AdbDevice, signal: AbortSignal): Promise<void> {
  const options = { timeoutMs: tidyMs, signal };
  const stream = await device.open("reboot:", options).catch(() => null);
  stream?.destroy();
  if (!stream) await device.shell(["reboot"], options).catch(() => undefined);
}

/** A plan's `image` names a model or a serial, or says `any`. */
function fits(phone: Phone, { image, properties }: DeviceSpec): boolean {
  const wanted = image.toLowerCase();
  const named = [phone.model ?? "", phone.serial].some((name) => name.toLowerCase() === wanted);
  const serial = properties["usb.serial"];
  return (wanted === "any" || named) && (serial === undefined || serial === phone.serial);
}

const handleOf = ({ deviceId, serial, path }: Claim): Handle => ({
  kind,
  v: 1,
  deviceId,
  serial,
  path,
});
const idOf = (handle: Handle): Id => String(handle.deviceId);
