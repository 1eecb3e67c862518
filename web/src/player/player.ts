import type { HostMessage, IceServer, Input } from "@cloudphone/shared/live";
import { type RelayEndReason, relayEnds } from "@cloudphone/shared/relay";
import { Connection } from "./connection.ts";
import type { Size } from "./geometry.ts";
import { Line } from "./line.ts";
import { type Figures, Meter } from "./meter.ts";
import { RelayVideo } from "./relay-video.ts";

/** What the hub gives for one look at a phone. */
export interface OpenedSession {
  readonly sessionId: string;
  readonly ticket: string;
  readonly iceServers: readonly IceServer[];
  readonly relayOnly: boolean;
}

/** What a page shows of a player. */
export interface PlayerState {
  /** `connecting`: no picture yet; `playing`; `reconnecting`: the last picture stands; `ended`: for good, `notice` says why. */
  readonly phase: "connecting" | "playing" | "reconnecting" | "ended";
  readonly path: "direct" | "turn" | "relay" | null;
  readonly size: Size | null;
  readonly control: { readonly mine: boolean; readonly allowed: boolean; readonly viewers: number };
  /** False while there is no line to the hub: a direct picture goes on without. */
  readonly linked: boolean;
  /** What is wrong, for a person; null when all is well. */
  readonly notice: Notice | null;
}

export interface Notice {
  /** Why a session ended (shared/src/relay.ts), a fault's code, or `no_decoder`. */
  readonly code: string;
  /** In English, for who has no words of their own for the code. */
  readonly text: string;
}

/** What `openSession` rejects with. */
export interface OpenRefusal {
  readonly code: string;
  readonly message: string;
  /** Whether asking again can help. */
  readonly retryable: boolean;
}

export interface PlayerOptions {
  /** One over the other, the canvas on top; the player hides the canvas while the video has the picture. */
  readonly video: HTMLVideoElement;
  readonly canvas: HTMLCanvasElement;
  readonly hubUrl: string;
  /** Asks the hub for a session, or rejects with an OpenRefusal; called again whenever the one before has ended for a passing reason. */
  openSession(): Promise<OpenedSession>;
  onState(state: PlayerState): void;
  onFigures(figures: Figures): void;
  /** The phone's clipboard has changed. */
  onClipboard(text: string): void;
}

/** Without a direct connection for so long, pictures come by the relay. */
const relayAfterMs = 2000;
/** A connection that broke is made anew after these, the last again and again. An ICE restart would do in theory; hosts do not come back from all of them. */
const mendMs = [1000, 4000, 4000, 4000, 8000, 30_000] as const;
/** A host that is connected sends something (reports, if no pictures) more often than this; a silent one is not waited for until ICE gives up. */
const silentMs = 1500;
const sampleMs = 500;
const figuresEverySamples = 2;
const qualityEverySamples = 20;
const retryMs = [200, 500, 1000, 1500] as const;

/**
 * Shows a phone's screen and takes input to it. It finds the way by itself: a direct connection, a TURN server, or the hub's relay when nothing else goes
 * within two seconds, and back again; and it comes back by itself after the network, the hub or the host went away.
 */
export class Player {
  readonly #options: PlayerOptions;
  readonly #relayVideo: RelayVideo;
  #state: PlayerState = {
    phase: "connecting",
    path: null,
    size: null,
    control: { mine: false, allowed: false, viewers: 1 },
    linked: false,
    notice: null,
  };
  #line: Line | null = null;
  #session: OpenedSession | null = null;
  #connection: Connection | null = null;
  /** The connection of the session before: shown until the new one has a picture. */
  #former: Connection | null = null;
  #meter = new Meter();
  #timers: number[] = [];
  #begunMs = 0;
  #failures = 0;
  #mends = 0;
  #relayed = false;
  #reclaims = false;
  #stopped = false;
  #sampler = 0;

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.#relayVideo = new RelayVideo(options.canvas, {
      onShown: () => this.#shown("relay"),
      onKeyFrameWanted: () => this.#line?.send({ type: "key-frame" }),
    });
  }

  get state(): PlayerState {
    return this.#state;
  }

  start(): void {
    this.#begunMs = performance.now();
    this.#watchVideo();
    let samples = 0;
    this.#sampler = window.setInterval(() => void this.#sample(++samples), sampleMs);
    void this.#open();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#sendQuality();
    this.#stopped = true;
    clearInterval(this.#sampler);
    this.#clearTimers();
    this.#line?.close();
    this.#connection?.close();
    this.#former?.close();
    this.#relayVideo.close();
    this.#options.video.srcObject = null;
  }

  send(input: Input): void {
    if (!this.#state.control.mine) return;
    if (!this.#relayed && this.#connection?.send(input)) return;
    this.#line?.send({ type: "input", input });
  }

  takeControl(take: boolean): void {
    this.#line?.send({ type: "control", take });
  }

  /** Asks the hub and dials its relay; everything else follows from what happens then. */
  async #open(): Promise<void> {
    if (this.#stopped) return;
    let session: OpenedSession;
    try {
      session = await this.#options.openSession();
    } catch (error) {
      return this.#retryOrEnd(error);
    }
    if (this.#stopped) return;
    this.#line = new Line(this.#options.hubUrl, session.ticket, {
      onOpen: () => this.#greet(session),
      onMessage: (message) => this.#take(message),
      onPicture: (picture) => this.#relayed && this.#relayVideo.show(picture),
      onEnd: (reason) => this.#lineEnded(reason),
    });
  }

  #greet(session: OpenedSession): void {
    this.#set({ linked: true });
    this.#line?.send({ type: "hello", v: 1, sound: true });
    // Whoever had control when the line broke has it still: the session before may hold it for a while yet.
    this.#reclaims = this.#state.control.mine;
    if (this.#reclaims) this.takeControl(true);
    this.#session = session;
    this.#mends = 0;
    this.#connect(session);
    this.#later(relayAfterMs, () => {
      if (this.#connection?.pc.connectionState !== "connected") this.#useRelay(true);
    });
  }

  #connect({ iceServers, relayOnly }: OpenedSession): Connection {
    if (this.#former) this.#connection?.close();
    else this.#former = this.#connection;
    const connection: Connection = new Connection({
      iceServers,
      relayOnly,
      events: {
        onOffer: (sdp) => this.#line?.send({ type: "offer", sdp }),
        onCandidate: (candidate) => this.#line?.send({ type: "candidate", candidate }),
        onState: (state) => this.#connection === connection && this.#connectionIs(state),
        onMessage: (message) => this.#connection === connection && this.#take(message),
      },
    });
    this.#connection = connection;
    void connection.offer();
    return connection;
  }

  /** Shows this connection's pictures, the last one of the connection before standing until the first. */
  #play(connection: Connection): void {
    const { video } = this.#options;
    if (video.srcObject === connection.stream) return;
    this.#cover();
    video.srcObject = connection.stream;
    // Muted by the page until a person has touched it: browsers start no sound before.
    video.play().catch(() => undefined);
  }

  #connectionIs(state: "connected" | "disconnected" | "failed"): void {
    const connection = this.#connection;
    if (!connection) return;
    if (state === "connected") {
      this.#clearTimers();
      this.#failures = 0;
      this.#mends = 0;
      this.#play(connection);
      this.#former?.close();
      this.#former = null;
      this.#useRelay(false);
      return;
    }
    if (this.#state.phase === "playing" && !this.#relayed) this.#set({ phase: "reconnecting" });
    if (this.#mends === 0) this.#mend(connection);
    this.#later(relayAfterMs, () => {
      if (!this.#isWhole(connection)) this.#useRelay(true);
    });
  }

  #mend(connection: Connection): void {
    const waitMs = mendMs[Math.min(this.#mends++, mendMs.length - 1)] ?? 0;
    this.#later(waitMs, () => {
      if (this.#isWhole(connection)) return;
      if (!this.#session) return;
      connection.close();
      this.#connection = null;
      this.#mend(this.#connect(this.#session));
    });
  }

  /** Connected, or of no interest any more. */
  #isWhole(connection: Connection): boolean {
    return connection.pc.connectionState === "connected" || this.#connection !== connection;
  }

  #useRelay(on: boolean): void {
    if (this.#relayed === on) return;
    if (on && !RelayVideo.isSupported) {
      const text =
        "No direct connection to the phone's host, and this browser decodes video from the hub only on pages with HTTPS.";
      return this.#set({ notice: { code: "no_decoder", text } });
    }
    if (on && !this.#line?.isOpen) return;
    this.#relayed = on;
    this.#line?.send({ type: "relay", on });
    if (!on) this.#relayVideo.close();
  }

  #take(message: HostMessage): void {
    switch (message.type) {
      case "answer":
        this.#connection?.answer(message.sdp).catch(() => this.#useRelay(true));
        return;
      case "candidate":
        void this.#connection?.candidate(message.candidate);
        return;
      case "size":
        return this.#set({ size: { width: message.width, height: message.height } });
      case "control":
        return this.#controlIs(message);
      case "clipboard":
        return this.#options.onClipboard(message.text);
      case "trouble":
        return this.#set({ notice: { code: message.code, text: message.message } });
      case "profile":
        return;
    }
  }

  #controlIs({ mine, allowed, viewers }: Extract<HostMessage, { type: "control" }>): void {
    if (mine || !allowed) this.#reclaims = false;
    this.#set({ control: { mine: mine || this.#reclaims, allowed, viewers } });
  }

  #lineEnded(reason: RelayEndReason | null): void {
    if (this.#stopped) return;
    this.#line = null;
    this.#session = null;
    this.#relayed = false;
    this.#clearTimers();
    this.#set({ linked: false });
    const end = reason ? relayEnds[reason] : null;
    const notice = reason && end ? { code: reason, text: end.text } : null;
    if (notice && !end?.again) return this.#end(notice);
    const seesOn = this.#connection?.pc.connectionState === "connected";
    if (!seesOn && this.#state.phase === "playing") this.#set({ phase: "reconnecting" });
    this.#retry(notice);
  }

  #retryOrEnd(error: unknown): void {
    const { retryable, code, message } = error as OpenRefusal;
    const notice = { code, text: message };
    if (retryable) this.#retry(notice);
    else this.#end(notice);
  }

  /** The first try after a break is not worth a word. */
  #retry(notice: Notice | null): void {
    const waitMs = retryMs[Math.min(this.#failures++, retryMs.length - 1)] ?? 0;
    if (this.#failures > 1) this.#set({ notice });
    this.#later(waitMs, () => void this.#open());
  }

  #end(notice: Notice): void {
    this.stop();
    this.#set({ phase: "ended", path: null, linked: false, notice });
  }

  /** Calls `#shown` for each picture of the video element. */
  #watchVideo(): void {
    const { video } = this.#options;
    const next = (): void => {
      if (this.#stopped) return;
      if (!this.#relayed) this.#shown(null);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  #shown(path: "relay" | null): void {
    this.#meter.firstFrameMs ??= performance.now() - this.#begunMs;
    const isRelay = path === "relay";
    this.#options.canvas.hidden = !isRelay;
    const { phase, notice } = this.#state;
    if (phase === "playing" && !notice && (this.#state.path === "relay") === isRelay) return;
    const direct = this.#state.path === "relay" ? null : this.#state.path;
    this.#set({ phase: "playing", notice: null, path: isRelay ? "relay" : direct });
    if (!isRelay && !direct) void this.#connection?.path().then((found) => this.#goesBy(found));
  }

  #goesBy(path: PlayerState["path"]): void {
    if (path && !this.#relayed && path !== this.#state.path) this.#set({ path });
  }

  /** The picture that is there, kept on the canvas. */
  #cover(): void {
    const { video, canvas } = this.#options;
    if (!canvas.hidden || video.videoWidth === 0) return;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    canvas.hidden = false;
  }

  async #sample(count: number): Promise<void> {
    const connection = this.#connection;
    if (!connection || this.#stopped) return;
    const figures = await this.#meter.sample(connection).catch(() => null);
    if (!figures || this.#connection !== connection || this.#stopped) return;
    if (connection.pc.connectionState === "connected")
      this.#useRelay(figures.silentForMs > silentMs);
    const path = this.#relayed ? "relay" : figures.path;
    if (this.#state.phase === "playing") this.#goesBy(path);
    if (count % figuresEverySamples === 0) this.#options.onFigures({ ...figures, path });
    if (count % qualityEverySamples === 0) this.#sendQuality();
  }

  #sendQuality(): void {
    const relayed = this.#relayed ? this.#relayVideo : null;
    this.#line?.send({ type: "quality", quality: this.#meter.quality(relayed) });
  }

  #set(change: Partial<PlayerState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.onState(this.#state);
  }

  #later(ms: number, work: () => void): void {
    this.#timers.push(window.setTimeout(work, ms));
  }

  #clearTimers(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}
