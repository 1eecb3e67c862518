import { setTimeout as delay } from "node:timers/promises";
import { toFault } from "@cloudphone/shared/fault";
import type { HostMessage, Input } from "@cloudphone/shared/live";
import type { Logger } from "pino";
import { type AccessUnit, PictureGroup } from "./access-units.ts";
import { toPhone } from "./input.ts";
import {
  firstProfile,
  type NetworkReport,
  nextProfile,
  profileOf,
  type ProfileState,
} from "./profile.ts";
import type { Recorder } from "./recorder.ts";
import { packetize, type VideoPayload } from "./rtp.ts";
import type { Profile, ScrcpySession, SessionEvents } from "./scrcpy/session.ts";
import type { MediaPacket } from "./scrcpy/streams.ts";

/** Somebody who looks at a screen; what it is told must not throw and must not wait. */
export interface Spectator {
  /** False for who may only look. */
  readonly mayControl: boolean;
  picture(picture: Picture): void;
  sound(packet: MediaPacket): void;
  tell(message: HostMessage): void;
}

/** One picture and, made once for all who need it, its RTP payloads. */
export class Picture {
  readonly unit: AccessUnit;
  /** When it came, on this host's monotonic clock. */
  readonly atMs: number;
  #payloads: VideoPayload[] | null = null;

  constructor(unit: AccessUnit, atMs: number) {
    this.unit = unit;
    this.atMs = atMs;
  }

  get payloads(): readonly VideoPayload[] {
    return (this.#payloads ??= packetize(this.unit));
  }
}

export interface ScreenOptions {
  /** Opens the phone's stream; rejects with a Fault for a person. */
  openSession(profile: Profile, events: SessionEvents, signal: AbortSignal): Promise<ScrcpySession>;
  readonly logger: Logger;
  /** Films what there is to see, while that is wanted. */
  readonly recorder?: Recorder | undefined;
  /** How long the stream goes on without anybody looking; 10 s. */
  readonly lingerMs?: number;
}

/** A key frame is asked of the phone no more often than this: each costs as much as many pictures. */
const keyFrameEveryMs = 500;
/** Nor is a spectator shown the past more often: it asks with a few bytes for 300 KiB. */
const refreshEveryMs = 200;
/** As much of the past is shown to who comes late; with more, a fresh key frame is the quicker way. */
const maxReplayBytes = 300 * 1024;
const retryMs = [250, 500, 1000, 2000, 4000] as const;

/**
 * One phone's screen and all who look at it. The phone encodes once: its stream begins with the first spectator and ends a while after the last. Who
 * comes late is shown the pictures since the last key frame at once, and a key frame is asked for. One spectator at a time has control.
 */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #spectators = new Set<Spectator>();
  readonly #group = new PictureGroup();
  /** When each was last shown the past, or is going to be. */
  readonly #refreshed = new WeakMap<Spectator, number>();
  readonly #stopping = new AbortController();
  #session: ScrcpySession | null = null;
  #work: Promise<void> | null = null;
  #linger: NodeJS.Timeout | null = null;
  #controller: Spectator | null = null;
  #size: { width: number; height: number } | null = null;
  #profile: ProfileState = firstProfile(performance.now());
  #lastReset = Number.NEGATIVE_INFINITY;
  #filmed = false;
  #failures = 0;

  constructor(options: ScreenOptions) {
    this.#options = options;
  }

  get spectators(): number {
    return this.#spectators.size;
  }

  join(spectator: Spectator): void {
    if (this.#stopping.signal.aborted) return;
    this.#spectators.add(spectator);
    if (this.#linger) clearTimeout(this.#linger);
    this.#linger = null;
    if (!this.#controller && spectator.mayControl) this.#controller = spectator;
    this.#tellControl();
    this.heedPolicy();
    spectator.tell({ type: "filmed", on: this.#filmed });
    if (this.#size) spectator.tell({ type: "size", ...this.#size });
    spectator.tell({ type: "profile", ...profileOf(this.#profile) });
    this.#work ??= this.#run().finally(() => (this.#work = null));
  }

  leave(spectator: Spectator): void {
    if (!this.#spectators.delete(spectator)) return;
    if (this.#controller === spectator)
      this.#controller = [...this.#spectators].find(({ mayControl }) => mayControl) ?? null;
    this.#tellControl();
    if (this.#spectators.size > 0 || !this.#work) return;
    this.#linger = setTimeout(() => this.#session?.close(), this.#options.lingerMs ?? 10_000);
    this.#linger.unref();
  }

  /** Shows a spectator who can see from now on what is on the screen; also when it lost pictures. One that asks again at once waits a little, and is shown what there is then. */
  refresh(spectator: Spectator): void {
    const nowMs = performance.now();
    const waitMs =
      (this.#refreshed.get(spectator) ?? Number.NEGATIVE_INFINITY) + refreshEveryMs - nowMs;
    // Its turn is set already.
    if (waitMs > refreshEveryMs) return;
    this.#refreshed.set(spectator, nowMs + Math.max(0, waitMs));
    if (waitMs <= 0) this.#showAgain(spectator);
    else setTimeout(() => this.#showAgain(spectator), waitMs).unref();
  }

  #showAgain(spectator: Spectator): void {
    const units = this.#group.units;
    const bytes = units.reduce((sum, unit) => sum + unit.bytes, 0);
    if (units.length > 0 && bytes <= maxReplayBytes)
      for (const unit of units) spectator.picture(new Picture(unit, performance.now()));
    this.#askKeyFrame();
  }

  /** Takes control, or gives it to whoever may have it. Anyone who may control can take it: the others are told. */
  control(spectator: Spectator, take: boolean): void {
    if (!spectator.mayControl) return;
    if (take) this.#controller = spectator;
    else if (this.#controller === spectator)
      this.#controller =
        [...this.#spectators].find((other) => other.mayControl && other !== spectator) ?? null;
    this.#tellControl();
  }

  /** What a spectator does; nothing, unless it has control. */
  input(spectator: Spectator, input: Input): void {
    if (this.#controller !== spectator || !this.#session || !this.#size) return;
    const session = this.#session;
    for (const step of toPhone(input, this.#size)) {
      if (step.kind === "send") session.send(step.message);
      else
        session.setClipboard(step.text, step).catch((error: unknown) => {
          this.#options.logger.warn({ err: error }, "a phone did not take a text");
        });
    }
  }

  /** How a spectator's network does: the worst one leads what the encoder is asked for. */
  report(report: NetworkReport): void {
    const before = this.#profile.step;
    this.#profile = nextProfile(this.#profile, report, performance.now());
    if (this.#profile.step === before || !this.#session) return;
    const profile = profileOf(this.#profile);
    this.#options.logger.info({ ...profile, ...report }, "a screen's profile changes");
    this.#tell({ type: "profile", ...profile });
    void this.#replace(profile);
  }

  /** Whether it is filmed may be wished otherwise by now; whoever looks is told before anything is kept. */
  heedPolicy(): void {
    const on = this.#options.recorder?.isWanted ?? false;
    if (on === this.#filmed) return;
    this.#filmed = on;
    this.#tell({ type: "filmed", on });
    // A film begins with a key frame, and a still screen sends none by itself. One that was asked for a moment ago may have come before this.
    if (on && this.#session && !this.#askKeyFrame())
      setTimeout(() => this.#askKeyFrame(), keyFrameEveryMs).unref();
    if (!on) void this.#options.recorder?.end();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#linger) clearTimeout(this.#linger);
    this.#session?.close();
    await this.#work;
  }

  /** Keeps a session open while anybody looks. */
  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted && this.#spectators.size > 0) {
      try {
        await this.#runOnce();
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        const fault = toFault(error);
        const waitMs = retryMs[Math.min(this.#failures++, retryMs.length - 1)] ?? 4000;
        this.#options.logger.warn({ err: error }, "a screen has no picture; trying again");
        this.#tell({ type: "trouble", code: fault.code, message: fault.message, again: true });
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** One session, to its end: nobody looks any more, or (rejecting) the phone ended it. */
  async #runOnce(): Promise<void> {
    const ended = Promise.withResolvers<void>();
    await this.#open(profileOf(this.#profile), ended);
    this.#failures = 0;
    this.#ended = ended;
    try {
      await ended.promise;
    } finally {
      this.#session?.close();
      this.#session = null;
      this.#group.clear();
      await this.#options.recorder?.end();
    }
  }
  #ended: PromiseWithResolvers<void> | null = null;

  /** Another encoder beside the one at work, which is left once the new one shows its first picture: nobody sees black in between. */
  async #replace(profile: Profile): Promise<void> {
    const ended = this.#ended;
    if (!ended) return;
    try {
      await this.#open(profile, ended);
    } catch (error) {
      this.#options.logger.warn({ err: error }, "a screen's profile could not be changed");
    }
  }

  async #open(profile: Profile, ended: PromiseWithResolvers<void>): Promise<void> {
    let mine: ScrcpySession | null = null;
    let shown = false;
    const isCurrent = (): boolean => mine !== null && this.#session === mine;
    const take = (unit: AccessUnit): void => {
      if (!shown) {
        shown = true;
        const before = this.#session;
        this.#session = mine;
        if (before !== mine) before?.close();
      }
      if (isCurrent()) this.#show(unit);
    };
    const early: AccessUnit[] = [];
    const events: SessionEvents = {
      onPicture: (unit) => (mine ? take(unit) : early.push(unit)),
      onSound: (packet) => isCurrent() && this.#sound(packet),
      onClipboard: (text) => isCurrent() && this.#tell({ type: "clipboard", text }),
      onEnd: (fault) => {
        if (!isCurrent()) return;
        if (fault) ended.reject(fault);
        else ended.resolve();
      },
    };
    mine = await this.#options.openSession(profile, events, this.#stopping.signal);
    this.#session ??= mine;
    for (const unit of early) take(unit);
    if (this.#stopping.signal.aborted || (this.#spectators.size === 0 && !this.#linger))
      mine.close();
  }

  #show(unit: AccessUnit): void {
    if (this.#size?.width !== unit.width || this.#size.height !== unit.height) {
      this.#size = { width: unit.width, height: unit.height };
      this.#tell({ type: "size", ...this.#size });
    }
    this.#group.add(unit);
    if (this.#filmed) this.#options.recorder?.picture(unit);
    if (this.#options.recorder?.wantsKeyFrame) this.#askKeyFrame();
    const picture = new Picture(unit, performance.now());
    for (const spectator of this.#spectators) spectator.picture(picture);
  }

  #sound(packet: MediaPacket): void {
    if (this.#filmed) this.#options.recorder?.sound(packet);
    for (const spectator of this.#spectators) spectator.sound(packet);
  }

  /** False: it is too soon after another. */
  #askKeyFrame(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#lastReset < keyFrameEveryMs) return false;
    this.#lastReset = nowMs;
    this.#session?.send({ type: "reset-video" });
    return true;
  }

  #tell(message: HostMessage): void {
    for (const spectator of this.#spectators) spectator.tell(message);
  }

  #tellControl(): void {
    for (const spectator of this.#spectators)
      spectator.tell({
        type: "control",
        mine: spectator === this.#controller,
        allowed: spectator.mayControl,
        viewers: this.#spectators.size,
      });
  }
}
