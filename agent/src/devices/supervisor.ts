import type { Battery } from "@cloudphone/shared/device";
import type { EventData } from "@cloudphone/shared/events/catalog";
import { Fault, toFault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Adb, AdbDevice } from "../adb/adb.ts";
import { crashPoint } from "../crash-point.ts";
import type {
  CallOptions,
  Handle,
  Observation,
  Provider,
  Snapshots,
} from "../providers/provider.ts";
import { fullDisk } from "../store/full-disk.ts";
import type { DeviceRow, Store } from "../store/store.ts";
import type { MonoClock } from "../usage/clock.ts";
import type { Crash } from "../usage/runs.ts";
import { Attention } from "./attention.ts";
import { booted } from "./boot.ts";
import { providerCall } from "./provider-call.ts";
import { nextStep, type Step } from "./next-step.ts";
import { DeviceRecord } from "./record.ts";
import { type Errand, Restarts } from "./restarts.ts";

export interface SupervisorDeps {
  readonly store: Store;
  readonly adb: Adb;
  readonly provider: Provider;
  readonly clock: MonoClock;
  readonly source: Source;
  readonly logger: Logger;
  readonly bootDeadlineMs: number;
}

const lookAgainMs = 5000;
const callMs = 60_000;
/** Data of gigabytes may be copied. */
const copyMs = 15 * 60_000;
const explainMs = 5000;
const disconnectMs = 2000;
const backoff = { firstMs: 1000, longestMs: 60_000, deafMs: 5000 };

/**
 * Brings one device to what it should be and keeps it there, in one loop: look, take one step, look again. Level-triggered: a hint only makes
 * it look sooner, so a lost one costs five seconds. What fails is tried again with pauses that grow until the device is what it should be.
 */
export class Supervisor {
  readonly deviceId: Id;
  readonly #deps: SupervisorDeps;
  readonly #record: DeviceRecord;
  readonly #stopping = new AbortController();
  readonly #attention = new Attention();
  #failures = 0;
  #battery: Battery | null = null;
  #seenAlive: { instanceId: string; atMs: number } | null = null;
  #done: Promise<void> | null = null;
  readonly #restarts = new Restarts();

  constructor(deviceId: Id, deps: SupervisorDeps) {
    this.deviceId = deviceId;
    this.#deps = deps;
    this.#record = new DeviceRecord(deviceId, deps);
  }

  /** Resolves when there is nothing to supervise any more: the device is gone, or this was stopped. */
  start(): Promise<void> {
    this.#done ??= this.#loop();
    return this.#done;
  }

  /** Something may have changed out there: look now, or soon when it has just failed. */
  hint(): void {
    this.#attention.hint();
  }

  /** What the device should be has changed: look now. */
  urge(): void {
    this.#attention.urge();
  }

  /** The device is left as it is. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.urge();
    this.#restarts.end(new Fault("interrupted", "The agent is stopping."));
    await this.#done;
  }

  /** When this instance was last seen running, on the host's clock; null when that was not lately. Up to then its seconds are certain. */
  aliveAt(instanceId: string): number | null {
    const alive = this.#seenAlive;
    if (alive?.instanceId !== instanceId) return null;
    return this.#deps.clock.nowMs() - alive.atMs <= lookAgainMs * 2 ? alive.atMs : null;
  }

  /** The device, ready for work; `device_not_running` unless it is booted under an open run. */
  async openAdb(): Promise<AdbDevice> {
    const { adb } = this.#deps;
    const { row, run } = this.#record;
    const seen = row?.handle ? await this.#observe(row.handle) : null;
    if (!run || seen?.state !== "running")
      throw new Fault("device_not_running", "The phone is not running.");
    return adb.open(seen.adb);
  }

  /** As it was last seen; null while it does not run, and for a device without one. */
  get battery(): Battery | null {
    return this.#battery;
  }

  /** Null: its provider has none. */
  get snapshots(): Snapshots | null {
    return this.#deps.provider.snapshots ?? null;
  }

  /** Switches it off and on again; resolves when it runs under a new run. */
  restart(errand: Errand): Promise<void> {
    return this.whileOff(errand, (keep) => Promise.resolve({ keep, answer: undefined }));
  }

  /**
   * Does something to the phone while it is off, and then brings it back to what it should be: settles when it runs again under a new run, if it is
   * to run, also when `work` fails. `keep` is its handle from then on. Rejects without any effect with `stale_lease` when the phone's lease is
   * another one by then, and does nothing any more once the signal has aborted.
   */
  async whileOff<T>(
    errand: Errand,
    work: (handle: Handle, options: CallOptions) => Promise<{ keep: Handle; answer: T }>,
  ): Promise<T> {
    if (!this.#record.row?.handle) throw new Fault("device_not_running", "The phone is not there.");
    let done: Promise<T> = Promise.reject(new Fault("interrupted", "It was not done."));
    done.catch(() => undefined);
    const run = async (handle: Handle): Promise<T> => {
      const { keep, answer } = await this.#call((late) => work(handle, { signal: late }), copyMs);
      await this.#record.keepHandle(keep);
      return answer;
    };
    const restarted = this.#restarts.add(errand, async (handle) => {
      done = run(handle);
      await done.catch(() => undefined);
    });
    this.urge();
    await restarted;
    return done;
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      if (this.#attention.begin()) this.#failures = 0;
      try {
        const step = await this.#look();
        if (step === "gone") return;
        if (step === "step") continue;
        this.#failures = 0;
        await this.#attention.pause(lookAgainMs);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        await this.#failed(error);
      }
    }
  }

  /** One observation and one step. */
  async #look(): Promise<"step" | "none" | "gone"> {
    const { row } = this.#record;
    if (!row) return "gone";
    const seen: Observation = row.handle ? await this.#observe(row.handle) : { state: "missing" };
    this.#battery = (seen.state === "running" && seen.battery) || null;
    if (seen.state === "running")
      this.#seenAlive = { instanceId: seen.instanceId, atMs: this.#deps.clock.nowMs() };
    this.#restarts.refuseStale(row.desired.lease?.token ?? 0);
    if (row.handle && this.#restarts.waiting) {
      await this.#switchOff(row.handle);
      return "step";
    }
    const step = nextStep(row, this.#record.run, seen);
    if (step.kind === "none") return row.desired.existence === "absent" ? this.#forget() : "none";
    await this.#take(step, row, seen);
    return "step";
  }

  async #take(step: Step, row: DeviceRow, seen: Observation): Promise<void> {
    const { provider } = this.#deps;
    const handle = row.handle as Handle;
    switch (step.kind) {
      case "close-run":
        return this.#closeRun(step.reason, seen);
      case "create":
        this.#needRoom();
        return this.#create(row);
      case "start":
        this.#needRoom();
        await this.#record.report("starting", null);
        return this.#call((signal) => provider.start(handle, { signal }));
      case "boot":
        return this.#boot(step.instanceId, seen);
      case "stop":
        await this.#record.report("stopping", null);
        await this.#call((signal) => provider.stop(handle, { signal }));
        return this.#disconnect(seen);
      case "wipe":
        return this.#wipe(row, handle);
      case "destroy":
        await this.#call((signal) => provider.destroy(handle, { signal }));
        await this.#disconnect(seen);
        await this.#forget();
        return;
      case "settle":
        return this.#record.report(step.state, null);
      case "none":
        return;
    }
  }

  /** A phone whose run could not be written down must not begin one. */
  #needRoom(): void {
    if (this.#deps.store.pressure() === "full") throw fullDisk();
  }

  /** For a restart. Here and not where it is asked for: no other step may come between the end of the run and that of the power. */
  async #switchOff(handle: Handle): Promise<void> {
    const { provider } = this.#deps;
    await this.#record.closeRun("restarted", null);
    await this.#call((signal) => provider.stop(handle, { signal }));
    await this.#restarts.work(() => this.#record.row?.handle ?? null);
    const desired = this.#record.row?.desired;
    if (desired?.existence !== "present" || desired.power !== "running") this.#restarts.settle();
  }

  async #create(row: DeviceRow): Promise<void> {
    const { provider } = this.#deps;
    const { deviceId, name, spec } = row.desired;
    await this.#record.report("creating", null);
    crashPoint("agent.provider.before-create");
    const handle = await this.#call((signal) =>
      provider.create({ deviceId, name, spec }, { signal }),
    );
    crashPoint("agent.provider.after-create");
    await this.#record.keepHandle(handle);
  }

  /** Waits until it answers, then opens the run: not before. */
  async #boot(instanceId: string, seen: Observation): Promise<void> {
    if (seen.state !== "running") return;
    const { adb, bootDeadlineMs } = this.#deps;
    const { row } = this.#record;
    if (row?.state !== "starting") await this.#record.report("starting", null);
    try {
      const done = await booted(() => adb.open(seen.adb), {
        deadlineMs: bootDeadlineMs,
        stopping: this.#stopping.signal,
        look: () => this.#lookAtBoot(instanceId),
        pause: () => this.#attention.pause(lookAgainMs),
      });
      if (!done) return;
    } catch (error) {
      throw await this.#explained(error);
    }
    if (row) await this.#record.openRun(instanceId, row.desired.revision);
    this.#restarts.settle();
  }

  async #lookAtBoot(instanceId: string): Promise<"boots" | "moot" | { ended: string }> {
    this.#attention.begin();
    const { row, run } = this.#record;
    if (!row?.handle || this.#restarts.waiting) return "moot";
    const seen = await this.#observe(row.handle);
    const step = nextStep(row, run, seen);
    if (step.kind === "boot" && step.instanceId === instanceId) return "boots";
    // Nothing but to start it again: nobody has switched it off.
    if (step.kind !== "start" && step.kind !== "boot") return "moot";
    const why = "reason" in seen ? seen.reason : null;
    return { ended: why ?? "The phone lost its power while it booted." };
  }

  /** The same failure, with what the device itself last said. */
  async #explained(error: unknown): Promise<unknown> {
    const { provider } = this.#deps;
    const handle = this.#record.row?.handle;
    if (!(error instanceof Fault) || !provider.explain || !handle) return error;
    const signal = AbortSignal.any([AbortSignal.timeout(explainMs), this.#stopping.signal]);
    const said = await provider.explain(handle, { signal }).catch(() => "");
    if (said === "") return error;
    return new Fault(error.code, `${error.message} It last said: ${said.slice(-700)}`, {
      cause: error,
    });
  }

  /** The adb server goes on connecting to the address of a phone that is off, whoever listens there by then. */
  async #disconnect(seen: Observation): Promise<void> {
    if (seen.state === "running")
      await this.#deps.adb.disconnect(seen.adb, { timeoutMs: disconnectMs }).catch(() => undefined);
  }

  async #wipe(row: DeviceRow, handle: Handle): Promise<void> {
    const { provider } = this.#deps;
    await this.#record.report("wiping", null);
    const fresh = await this.#call((signal) => provider.wipe(handle, { signal }));
    await this.#record.wiped(row, fresh);
  }

  async #forget(): Promise<"gone"> {
    await this.#record.forget();
    this.#stopping.abort();
    return "gone";
  }

  /** Ends the open run now; a crashed one when its provider says that it ended, else when its instance was last seen alive. */
  async #closeRun(reason: EventData<"device.stopped">["reason"], seen: Observation): Promise<void> {
    const crashed = reason === "crashed" ? seen : null;
    await this.#record.closeRun(reason, crashed && this.#crashOf(crashed));
    if (crashed && "reason" in crashed && crashed.reason)
      await this.#record.report("failed", crashed.reason);
  }

  /** Right after the look that saw it. */
  #crashOf(seen: Observation): Crash {
    const alive = this.#seenAlive;
    const ago = "endedAgoMs" in seen ? seen.endedAgoMs : undefined;
    return {
      aliveAtMs: alive?.instanceId === this.#record.run?.instanceId ? (alive?.atMs ?? 0) : 0,
      endedAtMs: ago === undefined ? null : this.#deps.clock.nowMs() - ago,
    };
  }

  async #failed(error: unknown): Promise<void> {
    this.#failures++;
    const fault = toFault(error);
    const reason =
      fault.code === "internal" && error instanceof Error ? error.message : fault.message;
    this.#deps.logger.warn(
      { err: error, deviceId: this.deviceId, failures: this.#failures },
      "a device could not be brought to its state; trying again",
    );
    // With an open run it is the looking that failed: the phone may well be running.
    if (!this.#record.run)
      await this.#record.report("failed", reason.slice(0, 1000)).catch(() => undefined);
    const longest = Math.min(backoff.firstMs * 2 ** (this.#failures - 1), backoff.longestMs);
    await this.#attention.pause(longest * (0.75 + Math.random() / 2), backoff.deafMs);
  }

  #observe(handle: Handle): Promise<Observation> {
    return this.#call((signal) => this.#deps.provider.observe(handle, { signal }));
  }

  #call<T>(work: (signal: AbortSignal) => Promise<T>, ms = callMs): Promise<T> {
    return providerCall(work, { ms, stopping: this.#stopping.signal });
  }
}
