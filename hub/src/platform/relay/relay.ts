import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { type RelayEndReason, relayEndOf, relayEnds } from "@cloudphone/shared/relay";
import type { WebSocket } from "ws";
import { type Connection, Pump } from "./pump.ts";

export type RelaySide = "client" | "host";

export interface RelayLimits {
  /** How long one side waits for the other. */
  readonly peerMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  readonly totalMs: number;
  /** Between signs of life that each side must answer. */
  readonly pingMs: number;
}

export const relayLimits: RelayLimits = {
  peerMs: 20_000,
  idleMs: 60 * 60_000,
  totalMs: 24 * 60 * 60_000,
  pingMs: 15_000,
};

/** Who may be put through, as the caller has found out already. */
export interface Admission {
  readonly sessionId: Id;
  readonly side: RelaySide;
  /** What is left of the lease; null: no end. */
  readonly leftMs: number | null;
}

export interface RelaySummary {
  readonly sessionId: Id;
  readonly reason: RelayEndReason;
  readonly text: string;
  /** With both sides there; 0 when they never were. */
  readonly durationMs: number;
  readonly bytesToDevice: number;
  readonly bytesFromDevice: number;
}

export interface RelayOptions {
  readonly limits?: Partial<RelayLimits>;
  readonly onConnected: (sessionId: Id) => void;
  /** Told once for every session that a side had joined, or that was cut before. */
  readonly onEnded: (summary: RelaySummary) => void;
}

interface Line {
  readonly sessionId: Id;
  readonly sides: Map<RelaySide, Connection>;
  readonly timers: Set<NodeJS.Timeout>;
  pumps: { up: Pump; down: Pump } | null;
  connectedMs: number;
  lastByteMs: number;
}

/** A close frame that nobody reads does not hold the connection open. */
const cutMs = 500;
/** What an end has sent before it hung up still reaches a slow reader. */
const lingerMs = 30_000;

/**
 * Pairs the two sides of a session and passes bytes between them; it looks at none of them. A session has one client and one host side, each joins once, and
 * when either goes, or the session is cut, both do. It lives in this process's memory alone: after a restart everybody dials again.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #limits: RelayLimits;
  readonly #lines = new Map<Id, Line>();
  #peakBytes = 0;
  #stopped = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#limits = { ...relayLimits, ...options.limits };
  }

  has(sessionId: Id): boolean {
    return this.#lines.has(sessionId);
  }

  /** Those that a side has joined. */
  sessions(): Id[] {
    return [...this.#lines.keys()];
  }

  /** The most that ever waited for one side to read, in bytes, over all sessions. */
  get peakBytes(): number {
    return Math.max(this.#peakBytes, ...[...this.#lines.values()].map(peakOf));
  }

  /** Whether that side could join now: refused before the handshake, a second dialler learns why. */
  check({ sessionId, side }: Pick<Admission, "sessionId" | "side">): void {
    if (this.#stopped) throw new Fault("unavailable", "The hub is stopping.");
    if (this.#lines.get(sessionId)?.sides.has(side))
      throw new Fault("conflict", "This side of the session was opened already.");
  }

  join({ sessionId, side, leftMs }: Admission, connection: Connection): void {
    const { socket } = connection;
    const line = this.#lines.get(sessionId) ?? this.#begin(sessionId, leftMs);
    if (this.#stopped || line.sides.has(side)) {
      socket.terminate();
      return;
    }
    line.sides.set(side, connection);
    // Nothing is read until there is somebody to pass it to.
    socket.pause();
    socket.on("error", () => socket.terminate());
    socket.once("close", (code) => this.#left(line, code));
    this.#watch(line, socket);
    const [client, host] = [line.sides.get("client"), line.sides.get("host")];
    if (!client || !host) {
      // A paused socket is not read, so the end of one that waits alone shows only when the other comes, or here.
      this.#after(line, this.#limits.peerMs, () => {
        if (!line.pumps) this.end(sessionId, "no_peer");
      });
      return;
    }
    this.#connect(line, client, host);
  }

  /** Ends a session; false when it is not here. What was under way is dropped, and both sides are told why. */
  end(sessionId: Id, reason: RelayEndReason, text: string = relayEnds[reason].text): boolean {
    const line = this.#lines.get(sessionId);
    if (!line) return false;
    this.#lines.delete(sessionId);
    this.#peakBytes = Math.max(this.#peakBytes, peakOf(line));
    for (const timer of line.timers) clearTimeout(timer);
    line.pumps?.up.stop();
    line.pumps?.down.stop();
    const waitMs = reason === "closed" ? lingerMs : cutMs;
    for (const { socket } of line.sides.values()) hangUp(socket, { reason, text, waitMs });
    this.#options.onEnded({
      sessionId,
      reason,
      text,
      durationMs: line.pumps ? Math.round(performance.now() - line.connectedMs) : 0,
      bytesToDevice: line.pumps?.up.bytes ?? 0,
      bytesFromDevice: line.pumps?.down.bytes ?? 0,
    });
    return true;
  }

  stop(): void {
    this.#stopped = true;
    for (const sessionId of this.#lines.keys()) this.end(sessionId, "hub_stopping");
  }

  #begin(sessionId: Id, leftMs: number | null): Line {
    const line: Line = {
      sessionId,
      sides: new Map(),
      timers: new Set(),
      pumps: null,
      connectedMs: 0,
      lastByteMs: 0,
    };
    this.#lines.set(sessionId, line);
    const { totalMs } = this.#limits;
    if (leftMs !== null && leftMs <= totalMs)
      this.#after(line, leftMs, () => this.end(sessionId, "lease_over"));
    else this.#after(line, totalMs, () => this.end(sessionId, "too_long"));
    return line;
  }

  #connect(line: Line, client: Connection, host: Connection): void {
    const touched = (): void => {
      line.lastByteMs = performance.now();
    };
    line.connectedMs = performance.now();
    touched();
    line.pumps = { up: new Pump(client, host, touched), down: new Pump(host, client, touched) };
    line.pumps.up.start();
    line.pumps.down.start();
    this.#options.onConnected(line.sessionId);
    this.#watchIdle(line);
  }

  #watchIdle(line: Line): void {
    const quietMs = performance.now() - line.lastByteMs;
    const leftMs = this.#limits.idleMs - quietMs;
    if (leftMs <= 0) this.end(line.sessionId, "idle");
    else this.#after(line, leftMs, () => this.#watchIdle(line));
  }

  /** One of the two is gone. 1000: it had finished; anything else: it broke. */
  #left(line: Line, code: number): void {
    if (this.#lines.get(line.sessionId) !== line) return;
    const said = relayEndOf(code);
    this.end(line.sessionId, code === 1000 ? "closed" : (said ?? "peer_lost"));
  }

  /** A side that vanished without a word (a pulled cable) answers no ping. One that is not read, or has not read yet, is not asked. */
  #watch(line: Line, socket: WebSocket): void {
    let waiting = false;
    socket.on("pong", () => {
      waiting = false;
    });
    const beat = (): void => {
      if (this.#lines.get(line.sessionId) !== line) return;
      if (socket.isPaused || socket.bufferedAmount > 0) waiting = false;
      else if (waiting) return socket.terminate();
      else {
        waiting = true;
        socket.ping();
      }
      this.#after(line, this.#limits.pingMs, beat);
    };
    this.#after(line, this.#limits.pingMs, beat);
  }

  #after(line: Line, ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      line.timers.delete(timer);
      work();
    }, ms);
    line.timers.add(timer);
  }
}

const peakOf = ({ pumps }: Line): number =>
  pumps ? Math.max(pumps.up.peakBytes, pumps.down.peakBytes) : 0;

function hangUp(
  socket: WebSocket,
  { reason, text, waitMs }: { reason: RelayEndReason; text: string; waitMs: number },
): void {
  // The close handshake is only seen on a socket that is read.
  socket.resume();
  // RFC 6455 section 5.5: 125 bytes, two of them the code.
  let said = text;
  while (Buffer.byteLength(said) > 123) said = said.slice(0, -1);
  socket.close(relayEnds[reason].code, said);
  const late = setTimeout(() => socket.terminate(), waitMs);
  socket.once("close", () => clearTimeout(late));
}
