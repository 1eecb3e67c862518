import { setTimeout as delay } from "node:timers/promises";
import type { PhoneBattery } from "./battery.ts";

/** What a phone that answers says of itself. */
export interface Vitals {
  /** Another one each time the phone starts. */
  readonly bootId: string;
  readonly booted: boolean;
  /** Null for a device without a battery. */
  readonly battery: PhoneBattery | null;
}

/** What a monitor does to its phone. */
export interface Care {
  /** Null while adb itself says that the phone can't be used; rejects when the phone does not answer in time. */
  probe(): Promise<Vitals | null>;
  /** Why adb calls it offline for now, or null. Other problems are a person's, not ours. */
  isOffline(): boolean;
  /** One attempt to get it back; resolves with what was done, in words. */
  recover(attempt: number): Promise<string>;
  onVitals(vitals: Vitals): void;
  onChange(): void;
}

export interface Pace {
  /** Between two looks at a phone that is well. */
  readonly everyMs: number;
  /** Between two looks at one that is not. */
  readonly againMs: number;
  /** How long one that does not answer is left alone: it may be restarting, or somebody touches the cable. */
  readonly patienceMs: number;
  readonly restartMs: number;
  /** One look. */
  readonly probeMs: number;
}

const attempts = 3;
const wellInARow = 3;
/** So long after an attempt the phone may be off the list because of it. */
const afterAttemptMs = 10_000;

/**
 * Looks after one phone. It is well; or failing (did not answer, or offline: each look then is one attempt to recover it); or in quarantine, after three
 * attempts, with the reason. It leaves quarantine when it answered three times in a row, or was unplugged: then it has another monitor. After a wipe it
 * is restarting until its boot id is another.
 */
export class Monitor {
  readonly #care: Care;
  readonly #pace: Pace;
  readonly #stopping = new AbortController();
  #looking: Promise<Vitals | null> | null = null;
  #vitals: Vitals | null = null;
  #failure: string | null = null;
  #failingSinceMs = 0;
  #failures = 0;
  #attemptedMs = Number.NEGATIVE_INFINITY;
  #tried: string[] = [];
  #quarantine: string | null = null;
  #wellAgain = 0;
  #restarting: { from: string; untilMs: number } | null = null;

  constructor(care: Care, pace: Pace) {
    this.#care = care;
    this.#pace = pace;
  }

  start(): this {
    void this.#loop();
    return this;
  }

  stop(): void {
    this.#stopping.abort();
  }

  get vitals(): Vitals | null {
    return this.#vitals;
  }

  /** Why the phone can't be used, in words; null when it can. */
  get problem(): string | null {
    if (this.#quarantine) return this.#quarantine;
    if (this.#restarting) return "It is restarting after its wipe.";
    if (this.#failure) return this.#failure;
    return this.#vitals ? null : "It has not been looked at yet.";
  }

  /** Whether it may be usable before long, without anybody's help. */
  get pending(): boolean {
    return this.#quarantine === null && this.problem !== null;
  }

  /** It may leave adb's list because of what we did, and is the same phone when it is back. */
  get mayBeAway(): boolean {
    return this.isRestarting || performance.now() - this.#attemptedMs < afterAttemptMs;
  }

  get isNew(): boolean {
    return this.#vitals === null && this.#failure === null;
  }

  get isRestarting(): boolean {
    return this.#restarting !== null && performance.now() < this.#restarting.untilMs;
  }

  /** It was told to restart: not usable before that is done. */
  restarting(): void {
    const from = this.#vitals?.bootId ?? "";
    this.#restarting = { from, untilMs: performance.now() + this.#pace.restartMs };
    this.#care.onChange();
  }

  /** Looks now; one look at a time, whoever asks. Null: it can't be used, `problem` says why. */
  look(): Promise<Vitals | null> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const before = this.problem;
      await this.look();
      const patient = performance.now() - this.#failingSinceMs < this.#pace.patienceMs;
      if (this.#failure && !this.#quarantine && !patient && !signal.aborted) await this.#recover();
      if (this.problem !== before && !signal.aborted) this.#care.onChange();
      const slow = this.#quarantine !== null || this.problem === null;
      const pause = slow ? this.#pace.everyMs : this.#pace.againMs;
      await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #look(): Promise<Vitals | null> {
    try {
      const vitals = await this.#care.probe();
      if (!vitals) {
        this.#fail(this.#care.isOffline() ? "It is offline." : null);
        return null;
      }
      this.#answered(vitals);
      return this.problem === null ? vitals : null;
    } catch (error) {
      this.#wellAgain = 0;
      // A phone that restarts does not answer, and is not stuck.
      if (this.isRestarting) return null;
      const said = error instanceof Error ? error.message : String(error);
      this.#fail(`It does not answer: ${said}`);
      return null;
    }
  }

  #fail(failure: string | null): void {
    if (this.#failure === null) this.#failingSinceMs = performance.now();
    this.#failure = failure;
  }

  #answered(vitals: Vitals): void {
    this.#vitals = vitals;
    this.#failure = null;
    this.#failures = 0;
    this.#tried = [];
    const restarting = this.#restarting;
    const done = vitals.bootId !== restarting?.from && vitals.booted;
    if (restarting && (done || performance.now() >= restarting.untilMs)) this.#restarting = null;
    if (this.#quarantine && ++this.#wellAgain >= wellInARow) this.#quarantine = null;
    this.#care.onVitals(vitals);
  }

  async #recover(): Promise<void> {
    this.#failures++;
    this.#attemptedMs = performance.now();
    this.#care.onChange();
    const tried = await this.#care
      .recover(this.#failures)
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    this.#tried.push(tried);
    this.#attemptedMs = performance.now();
    await this.look();
    if (this.#failure === null || this.#failures < attempts) return;
    this.#wellAgain = 0;
    this.#quarantine = `It is kept out: it did not answer after ${this.#failures} attempts (${[...new Set(this.#tried)].join("; ")}). Unplug it, restart it and plug it in again.`;
  }
}
