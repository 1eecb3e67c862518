import type { HostMessage, IceServer, ViewerMessage } from "@cloudphone/shared/live";
import type { LivePicture, LiveSound } from "@cloudphone/shared/live-frames";
import { type RelayEndReason, relayEnds } from "@cloudphone/shared/relay";
import { Line } from "./line.ts";
import type { Notice } from "./state.ts";
import { Timers } from "./timers.ts";

/** What the hub gives for one look at a phone. */
export interface OpenedSession {
  readonly sessionId: string;
  readonly ticket: string;
  readonly iceServers: readonly IceServer[];
  readonly relayOnly: boolean;
}

/** What `openSession` rejects with. */
export interface OpenRefusal {
  readonly code: string;
  readonly message: string;
  /** Whether asking again can help. */
  readonly retryable: boolean;
}

export interface SessionOptions {
  readonly hubUrl: string;
  /** Asks the hub for a session, or rejects with an OpenRefusal. */
  openSession(): Promise<OpenedSession>;
  readonly events: SessionEvents;
}

interface SessionEvents {
  /** A line to the phone's host is being dialled; what is sent on it goes out as soon as it is open. */
  onDial(session: OpenedSession): void;
  onOpen(): void;
  onMessage(message: HostMessage): void;
  onPicture(picture: LivePicture): void;
  onSound(sound: LiveSound): void;
  /** The line that was there is gone; another is tried for, unless `onOver` comes next. */
  onLost(): void;
  /** Another try did not help either. */
  onTrouble(notice: Notice | null): void;
  /** For good. */
  onOver(notice: Notice): void;
}

const retryMs = [200, 500, 1000, 1500] as const;

/** Keeps a session with a phone's host: asks the hub for one, dials its line, and begins again whenever it ended for a passing reason. */
export class Session {
  readonly #options: SessionOptions;
  readonly #timers = new Timers();
  #line: Line | null = null;
  #failures = 0;
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#line?.isOpen ?? false;
  }

  async open(): Promise<void> {
    const { hubUrl, openSession, events } = this.#options;
    let session: OpenedSession;
    try {
      session = await openSession();
    } catch (error) {
      return this.#refused(error as OpenRefusal);
    }
    if (this.#closed) return;
    this.#line = new Line(hubUrl, session.ticket, {
      onOpen: () => events.onOpen(),
      onMessage: (message) => events.onMessage(message),
      onPicture: (picture) => events.onPicture(picture),
      onSound: (sound) => events.onSound(sound),
      onEnd: (reason) => this.#ended(reason),
    });
    events.onDial(session);
  }

  send(message: ViewerMessage): void {
    this.#line?.send(message);
  }

  /** It has come to a picture: the next break is a first one. */
  wentWell(): void {
    this.#failures = 0;
  }

  close(): void {
    this.#closed = true;
    this.#timers.clear();
    this.#line?.close();
  }

  #ended(reason: RelayEndReason | null): void {
    if (this.#closed) return;
    this.#line = null;
    this.#options.events.onLost();
    const end = reason ? relayEnds[reason] : null;
    const notice = reason && end ? { code: reason, text: end.text } : null;
    if (notice && !end?.again) this.#options.events.onOver(notice);
    else this.#retry(notice);
  }

  #refused({ code, message, retryable }: OpenRefusal): void {
    if (this.#closed) return;
    const notice = { code, text: message };
    if (retryable) this.#retry(notice);
    else this.#options.events.onOver(notice);
  }

  /** The first try after a break is not worth a word. */
  #retry(notice: Notice | null): void {
    const waitMs = retryMs[Math.min(this.#failures++, retryMs.length - 1)] ?? 0;
    if (this.#failures > 1) this.#options.events.onTrouble(notice);
    this.#timers.later(waitMs, () => void this.open());
  }
}
