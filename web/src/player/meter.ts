import type { LivePath, Quality } from "@cloudphone/shared/live";
import { type Connection, find, selectedPair } from "./connection.ts";
import { Percentiles } from "./percentiles.ts";

/** What the viewer is shown of its own connection; times in milliseconds, null while unknown. */
export interface Figures {
  readonly path: LivePath | null;
  readonly fps: number;
  readonly bitRate: number;
  readonly rttMs: number | null;
  readonly jitterMs: number | null;
  readonly decodeMs: number | null;
  readonly dropped: number;
  readonly firstFrameMs: number | null;
  /** Since when nothing at all has come from the host. */
  readonly silentForMs: number;
}

interface Counts {
  readonly atMs: number;
  readonly frames: number;
  readonly bytes: number;
  readonly decodeS: number;
  readonly jitterS: number;
  readonly emitted: number;
}

/** Measures a connection, a sample at each call of `sample`, and sums the session up. */
export class Meter {
  readonly #rtts = new Percentiles();
  readonly #delays = new Percentiles();
  #last: Counts | null = null;
  #decoded = 0;
  #dropped = 0;
  #freezes = 0;
  #heard = { bytes: 0, atMs: 0 };
  #path: LivePath = "direct";
  firstFrameMs: number | null = null;

  async sample(connection: Connection): Promise<Figures> {
    const stats = await connection.pc.getStats();
    const video = find(stats, (one) => one.type === "inbound-rtp" && one.kind === "video") ?? {};
    const pair = selectedPair(stats) ?? {};
    const number = (from: object, name: string): number =>
      Number((from as Record<string, unknown>)[name] ?? 0);
    const now: Counts = {
      atMs: performance.now(),
      frames: number(video, "framesDecoded"),
      bytes: number(video, "bytesReceived"),
      decodeS: number(video, "totalDecodeTime"),
      jitterS: number(video, "jitterBufferDelay"),
      emitted: number(video, "jitterBufferEmittedCount"),
    };
    // Of all pairs: a host may send by another one than it is answered by.
    const transport = find(stats, ({ type }) => type === "transport") ?? pair;
    const heardBytes = number(transport, "bytesReceived");
    if (heardBytes !== this.#heard.bytes) this.#heard = { bytes: heardBytes, atMs: now.atMs };
    const before = this.#last ?? now;
    this.#last = now;
    const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
    const frames = now.frames - before.frames;
    const rttS = "currentRoundTripTime" in pair ? number(pair, "currentRoundTripTime") : null;
    const rttMs = rttS === null ? null : rttS * 1000;
    const per = (total: number, count: number): number | null =>
      count > 0 ? (total * 1000) / count : null;
    const jitterMs = per(now.jitterS - before.jitterS, now.emitted - before.emitted);
    const decodeMs = per(now.decodeS - before.decodeS, frames);
    if (rttMs !== null) this.#rtts.add(rttMs);
    if (rttMs !== null && jitterMs !== null)
      this.#delays.add(rttMs / 2 + jitterMs + (decodeMs ?? 0));
    this.#decoded = now.frames;
    this.#dropped = number(video, "framesDropped");
    this.#freezes = number(video, "freezeCount");
    const path = await connection.path();
    if (path) this.#path = path;
    return {
      path,
      fps: Math.round(frames / seconds),
      bitRate: Math.round(((now.bytes - before.bytes) * 8) / seconds),
      rttMs,
      jitterMs,
      decodeMs,
      dropped: this.#dropped,
      firstFrameMs: this.firstFrameMs,
      silentForMs: now.atMs - this.#heard.atMs,
    };
  }

  /** The session so far, for its host to keep. */
  quality(relayed: { decoded: number; dropped: number } | null): Quality {
    const both = (values: Percentiles) =>
      values.size > 0 ? { p50: values.at(0.5), p95: values.at(0.95) } : null;
    return {
      path: relayed ? "relay" : this.#path,
      firstFrameMs: this.firstFrameMs,
      framesDecoded: this.#decoded + (relayed?.decoded ?? 0),
      framesDropped: this.#dropped + (relayed?.dropped ?? 0),
      freezes: this.#freezes,
      rttMs: both(this.#rtts),
      delayMs: both(this.#delays),
    };
  }
}
