import type { HostMessage, Input, LiveCandidate, ViewerMessage } from "@cloudphone/shared/live";
import { Connection } from "./connection.ts";
import type { OpenedSession } from "./session.ts";
import { Timers } from "./timers.ts";

export interface DirectEvents {
  /** Signals, on the line to the host. */
  send(message: ViewerMessage): void;
  onMessage(message: HostMessage): void;
  onConnected(stream: MediaStream): void;
  /** The connection broke, and is made anew. */
  onLost(): void;
  /** So long after an offer or a break there is still none. */
  onLate(): void;
}

/** Without a direct connection for so long, pictures come another way. */
const lateMs = 2000;
/** A connection that broke is made anew after these, the last again and again. An ICE restart would do in theory; hosts do not come back from all of them. */
const mendMs = [1000, 4000, 4000, 4000, 8000, 30_000] as const;

/** The direct way to a phone's host: one connection at a time, made anew when it breaks. */
export class Direct {
  readonly #events: DirectEvents;
  readonly #timers = new Timers();
  #session: OpenedSession | null = null;
  #connection: Connection | null = null;
  /** The connection of the session before: shown until the new one is connected. */
  #former: Connection | null = null;
  #mends = 0;

  constructor(events: DirectEvents) {
    this.#events = events;
  }

  get connection(): Connection | null {
    return this.#connection;
  }

  get isConnected(): boolean {
    return this.#connection?.isConnected ?? false;
  }

  /** A new connection, by a session whose line is being dialled. */
  connect(session: OpenedSession): void {
    this.#session = session;
    this.#mends = 0;
    this.#offer(session);
  }

  /** The offer is on its way to the host. */
  lineOpen(): void {
    if (!this.isConnected)
      this.#timers.later(lateMs, () => this.isConnected || this.#events.onLate());
  }

  /** The line is gone, and with it the way to make a new connection; the one there is goes on. */
  lineLost(): void {
    this.#session = null;
    this.#timers.clear();
  }

  /** False when it must go another way. */
  send(input: Input): boolean {
    return this.#connection?.send(input) ?? false;
  }

  async answer(sdp: string): Promise<void> {
    await this.#connection?.answer(sdp);
  }

  candidate(candidate: LiveCandidate | null): void {
    void this.#connection?.candidate(candidate);
  }

  close(): void {
    this.#timers.clear();
    this.#connection?.close();
    this.#former?.close();
  }

  #offer({ iceServers, relayOnly }: OpenedSession): Connection {
    if (this.#former) this.#connection?.close();
    else this.#former = this.#connection;
    const connection: Connection = new Connection({
      iceServers,
      relayOnly,
      events: {
        onOffer: (sdp) => this.#events.send({ type: "offer", sdp }),
        onCandidate: (candidate) => this.#events.send({ type: "candidate", candidate }),
        onState: (state) => this.#connection === connection && this.#stateIs(connection, state),
        onMessage: (message) => this.#connection === connection && this.#events.onMessage(message),
      },
    });
    this.#connection = connection;
    void connection.offer();
    return connection;
  }

  #stateIs(connection: Connection, state: "connected" | "disconnected" | "failed"): void {
    if (state === "connected") {
      this.#timers.clear();
      this.#mends = 0;
      this.#events.onConnected(connection.stream);
      this.#former?.close();
      this.#former = null;
      return;
    }
    this.#events.onLost();
    if (this.#mends === 0) this.#mend(connection);
    // By whatever connection is the newest by then: one that is being made instead is none yet.
    this.#timers.later(lateMs, () => this.isConnected || this.#events.onLate());
  }

  #mend(connection: Connection): void {
    const waitMs = mendMs[Math.min(this.#mends++, mendMs.length - 1)] ?? 0;
    this.#timers.later(waitMs, () => {
      if (this.#isWhole(connection) || !this.#session) return;
      connection.close();
      this.#connection = null;
      this.#mend(this.#offer(this.#session));
    });
  }

  /** Connected, or of no interest any more. */
  #isWhole(connection: Connection): boolean {
    return connection.isConnected || this.#connection !== connection;
  }
}
