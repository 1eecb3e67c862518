import { Fault } from "@cloudphone/shared/fault";
import type { Logger } from "pino";
import type { Adb, AdbDevice, AdbServer, AdbTarget, AdbWatch } from "../../adb/adb.ts";
import { parseBattery, setCharging, wantsCharging } from "./battery.ts";
import type { Claim } from "./claims.ts";
import type { UsbConfig } from "./config.ts";
import { locate, type Phone, phonesForRent } from "./locate.ts";
import { Monitor, type Pace, type Vitals } from "./monitor.ts";
import { resetUsb } from "./usb-reset.ts";

export interface PhonesOptions {
  readonly adb: Adb;
  readonly server: AdbServer;
  readonly config: UsbConfig;
  readonly logger: Logger;
  readonly pace?: Partial<Pace>;
}

const usualPace: Pace = {
  everyMs: 10_000,
  againMs: 2000,
  patienceMs: 10_000,
  restartMs: 180_000,
  probeMs: 4000,
};
const chargeMs = 4000;
const recoverMs = 6000;
const coolDownC = 3;
const restartGraceMs = 40_000;
/** A phone takes about this long to start. */
const startsMs = 90_000;
const vitalsScript =
  "cat /proc/sys/kernel/random/boot_id 2>/dev/null || getprop ro.runtime.firstboot; getprop sys.boot_completed; dumpsys battery";

/** The phones for rent on this host: which there are, whether they can be used and why not, and what is done for one that does not answer. */
export class UsbPhones {
  readonly #options: PhonesOptions;
  readonly #pace: Pace;
  readonly #watch: AdbWatch;
  readonly #watching: Disposable;
  readonly #monitors = new Map<string, Monitor>();
  readonly #hot = new Set<string>();
  readonly #listeners = new Set<() => void>();
  readonly #said = new Map<string, string | null>();
  #leftAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: PhonesOptions) {
    this.#options = options;
    this.#pace = { ...usualPace, ...options.pace };
    this.#watch = options.adb.watch(options.server);
    this.#watch.keep(options.config.targets);
    this.#watching = this.#watch.onChange(() => this.#changed());
    this.#changed();
  }

  close(): void {
    this.#closed = true;
    this.#watching[Symbol.dispose]();
    for (const monitor of this.#monitors.values()) monitor.stop();
  }

  /** What is plugged in now; empty while the adb server does not answer. */
  list(): Phone[] {
    return phonesForRent(this.#watch.devices ?? [], this.#options.config);
  }

  /** Why the adb server does not answer, in words; null when it does. */
  get serverProblem(): string | null {
    return this.#watch.devices ? null : (this.#watch.problem ?? "adb has not been asked yet.");
  }

  /** An address of the configuration has not been tried yet. */
  get isConnecting(): boolean {
    const present = new Set(this.list().map(({ serial }) => serial));
    return this.#options.config.targets.some(
      (target) => !present.has(target) && this.#watch.problemOf(target) === null,
    );
  }

  /** Why no phone can be had at an address of the configuration. */
  missingTargets(): string[] {
    const present = new Set(this.list().map(({ serial }) => serial));
    return this.#options.config.targets
      .filter((target) => !present.has(target))
      .map((target) => this.#watch.problemOf(target) ?? `${target} is not connected yet.`);
  }

  /** Whether phones that are not listed may be listed before long: adb is only just asked, one restarts, or a cable was touched. */
  get unsettled(): boolean {
    return (
      this.serverProblem !== null ||
      this.missingTargets().length > 0 ||
      performance.now() - this.#leftAtMs < startsMs
    );
  }

  /** Why it can't be used, in words; null when it can. */
  problemOf(phone: Phone): string | null {
    if (phone.problem) return phone.problem;
    const monitor = this.#monitors.get(phone.key);
    const said = monitor ? monitor.problem : "It has not been looked at yet.";
    if (said) return `${phone.key}: ${said}`;
    if (!this.#hot.has(phone.key)) return null;
    const temperature = monitor?.vitals?.battery?.temperatureC ?? 0;
    return `${phone.key} is too hot (${temperature} °C) and rests until it has cooled down.`;
  }

  /** Whether it may become usable by itself before long. */
  isPending(phone: Phone): boolean {
    if (phone.problem !== null) return /^(offline|connecting|authorizing)$/.test(phone.state);
    const monitor = this.#monitors.get(phone.key);
    return monitor === undefined || monitor.pending;
  }

  vitalsOf(phone: Phone): Vitals | null {
    return this.#monitors.get(phone.key)?.vitals ?? null;
  }

  /**
   * The phone of a claim once adb calls it usable, waiting a moment for one that was lost, and longer for one that restarts after a wipe;
   * `unavailable` with the reason.
   */
  async find(
    claim: Pick<Claim, "serial" | "path">,
    { graceMs, signal }: { graceMs: number; signal: AbortSignal },
  ): Promise<Phone> {
    const begun = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const found = locate(claim, this.list());
      const restarts = this.#monitors.get(claim.serial || (claim.path ?? ""))?.isRestarting;
      if (typeof found !== "string" && found.problem === null && !restarts) return found;
      const seen = typeof found === "string" ? found : found.problem;
      const why = restarts
        ? "The phone is restarting after its wipe."
        : (this.serverProblem ?? seen ?? "");
      const until = begun + (restarts && graceMs > 0 ? restartGraceMs : graceMs);
      if (!(await this.#changeBefore(until, signal))) throw new Fault("unavailable", why);
    }
  }

  /** Asks the phone itself; `unavailable` with the reason when it does not answer or is kept out. */
  async look(phone: Phone): Promise<Vitals> {
    const monitor = this.#monitors.get(phone.key);
    const vitals = monitor ? await monitor.look() : await this.#probe(phone);
    if (vitals) return vitals;
    throw new Fault("unavailable", this.problemOf(phone) ?? "The phone does not answer.");
  }

  restarting(phone: Phone): void {
    this.#monitors.get(phone.key)?.restarting();
  }

  targetOf(phone: Phone): AdbTarget {
    const { server } = this.#options;
    return { server, serial: phone.address, connect: phone.tcp ? phone.address : null };
  }

  open(phone: Phone): Promise<AdbDevice> {
    return this.#options.adb.open(this.targetOf(phone));
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** True when something changed before then. */
  async #changeBefore(untilMs: number, signal: AbortSignal): Promise<boolean> {
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0 || this.#closed) return false;
    const changed = Promise.withResolvers<boolean>();
    using _watching = this.onChange(() => changed.resolve(true));
    const timer = setTimeout(() => changed.resolve(false), leftMs);
    const onAbort = (): void => changed.resolve(true);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await changed.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** A monitor for each phone that is there; one that was unplugged begins anew when it is back. */
  #changed(): void {
    if (this.#closed) return;
    const phones = this.list();
    if (this.#watch.devices) {
      const present = new Set(phones.map(({ key }) => key));
      for (const [key, monitor] of this.#monitors)
        if (!present.has(key) && !monitor.mayBeAway) {
          monitor.stop();
          this.#leftAtMs = performance.now();
          this.#monitors.delete(key);
          this.#hot.delete(key);
        }
      for (const { key } of phones)
        if (!this.#monitors.has(key)) this.#monitors.set(key, this.#monitor(key).start());
    }
    this.#say(phones);
    for (const listener of this.#listeners) listener();
  }

  #isUnderWay(phone: Phone): boolean {
    const monitor = this.#monitors.get(phone.key);
    return monitor === undefined || monitor.isRestarting || monitor.isNew;
  }

  #monitor(key: string): Monitor {
    const { logger } = this.#options;
    const phone = (): Phone | null => this.list().find((one) => one.key === key) ?? null;
    const care = {
      probe: async () => {
        const here = phone();
        return here && here.problem === null ? this.#probe(here) : null;
      },
      // Those on TCP are connected anew by the watch.
      isOffline: () => {
        const here = phone();
        return here?.state === "offline" && !here.tcp;
      },
      recover: async (attempt: number) => {
        const here = phone();
        const done = here ? await this.#recover(here, attempt) : "it is gone";
        logger.warn(
          { phone: key, attempt, done },
          "a phone does not answer; it is being recovered",
        );
        return done;
      },
      onVitals: (vitals: Vitals) => void this.#mindBattery(key, vitals),
      onChange: () => this.#changed(),
    };
    return new Monitor(care, this.#pace);
  }

  async #probe(phone: Phone): Promise<Vitals> {
    const { adb, server } = this.#options;
    // Connecting is the watch's work: a look must end soon.
    const device = await adb.open({ server, serial: phone.address, connect: null });
    const { output } = await device.shell(["sh", "-c", vitalsScript], {
      timeoutMs: this.#pace.probeMs,
      maxBytes: 65_536,
    });
    const [bootId = "", booted = ""] = output.split(/\r?\n/);
    return { bootId, booted: booted.trim() === "1", battery: parseBattery(output) };
  }

  async #recover(phone: Phone, attempt: number): Promise<string> {
    if (attempt === 2 && phone.path !== null) {
      const failed = await resetUsb(phone.path);
      return failed ?? "its USB port was reset";
    }
    await this.#options.adb.reconnect(this.targetOf(phone), { timeoutMs: recoverMs });
    return "adb reconnected it";
  }

  async #mindBattery(key: string, { battery }: Vitals): Promise<void> {
    if (!battery) return;
    const { config, logger } = this.#options;
    const hot = this.#hot.has(key);
    const limit = hot ? config.maxTemperatureC - coolDownC : config.maxTemperatureC;
    if (battery.temperatureC > limit) this.#hot.add(key);
    else this.#hot.delete(key);
    if (hot !== this.#hot.has(key)) this.#changed();
    const wish = wantsCharging(battery, config);
    const phone = this.list().find((one) => one.key === key);
    if (wish === null || wish === battery.charging || !battery.powered || !phone) return;
    const limits = { timeoutMs: chargeMs };
    const done = await this.open(phone)
      .then((device) => setCharging(device, wish, limits))
      .catch(() => false);
    if (done)
      logger.info(
        { phone: key, percent: battery.percent, temperatureC: battery.temperatureC, on: wish },
        "a phone's charging was switched",
      );
  }

  /** Each phone's state once, in words, when it changes; what is only under way is not worth a line. */
  #say(phones: readonly Phone[]): void {
    const { logger } = this.#options;
    const now = new Map(
      phones
        .filter((phone) => !this.#isUnderWay(phone))
        .map((phone) => [phone.key, this.problemOf(phone)]),
    );
    for (const [key, problem] of now) {
      if (this.#said.has(key) && this.#said.get(key) === problem) continue;
      if (problem) logger.warn({ phone: key }, problem);
      else logger.info({ phone: key }, "a phone is ready");
      this.#said.set(key, problem);
    }
    if (!this.#watch.devices) return;
    const present = new Set(phones.map(({ key }) => key));
    for (const key of this.#said.keys())
      if (!present.has(key) && !this.#monitors.has(key)) {
        logger.warn({ phone: key }, "a phone is gone");
        this.#said.delete(key);
      }
  }
}
