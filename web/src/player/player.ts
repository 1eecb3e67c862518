import type { HostMessage, Input } from "@cloudphone/shared/live";
import { Direct } from "./direct.ts";
import { type Figures, Meter } from "./meter.ts";
import { RelayVideo } from "./relay-video.ts";
import { type OpenedSession, Session } from "./session.ts";
import { Stage } from "./stage.ts";
import { firstState, type Notice, type PlayerState } from "./state.ts";

export type { OpenedSession, OpenRefusal } from "./session.ts";
export type { Notice, PlayerState } from "./state.ts";

export interface PlayerOptions {
  /** One over the other, the canvas on top; the player hides the canvas while the video has the picture. */
  readonly video: HTMLVideoElement;
  readonly canvas: HTMLCanvasElement;
  readonly hubUrl: string;
  /** Whether sound is wanted, too. */
  readonly sound: boolean;
  /** Asks the hub for a session, or rejects with an OpenRefusal; called again whenever the one before has ended for a passing reason. */
  openSession(): Promise<OpenedSession>;
  onState(state: PlayerState): void;
  onFigures(figures: Figures): void;
  /** The phone's clipboard has changed. */
  onClipboard(text: string): void;
}

/** A host that is connected sends something (reports, if no pictures) more often than this; a silent one is not waited for until ICE gives up. */
const silentMs = 1500;
const sampleMs = 500;
const figuresEverySamples = 2;
const qualityEverySamples = 20;

/**
 * Shows a phone's screen and takes input to it. It finds the way by itself: a direct connection, a TURN server, or the hub's relay when nothing else goes
 * within two seconds, and back again; and it comes back by itself after the network, the hub or the host went away.
 */
export class Player {
  readonly #options: PlayerOptions;
  readonly #session: Session;
  readonly #direct: Direct;
  readonly #stage: Stage;
  readonly #meter = new Meter();
  #state: PlayerState = firstState;
  #begunMs = 0;
  #relayed = false;
  #reclaims = false;
  #stopped = false;
  #sampler = 0;

  constructor(options: PlayerOptions) {
    this.#options = options;
    const { hubUrl } = options;
    this.#session = new Session({
      hubUrl,
      openSession: () => options.openSession(),
      events: {
        onDial: (session) => this.#greet(session),
        onOpen: () => this.#opened(),
        onMessage: (message) => this.#take(message),
        onPicture: (picture) => this.#stage.take(picture),
        onSound: (sound) => this.#stage.hear(sound),
        onLost: () => this.#lineLost(),
        onTrouble: (notice) => this.#set({ notice }),
        onOver: (notice) => this.#end(notice),
      },
    });
    this.#direct = new Direct({
      send: (message) => this.#session.send(message),
      onMessage: (message) => this.#take(message),
      onConnected: (stream) => this.#connected(stream),
      onLost: () => !this.#relayed && this.#reconnects(),
      onLate: () => this.#useRelay(true),
    });
    this.#stage = new Stage(options, {
      onShown: (way) => this.#shown(way === "relay"),
      onKeyFrameWanted: () => this.#session.send({ type: "key-frame" }),
    });
  }

  get state(): PlayerState {
    return this.#state;
  }

  start(): void {
    this.#begunMs = performance.now();
    this.#stage.open();
    let samples = 0;
    this.#sampler = window.setInterval(() => void this.#sample(++samples), sampleMs);
    void this.#session.open();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#sendQuality();
    this.#stopped = true;
    clearInterval(this.#sampler);
    this.#session.close();
    this.#direct.close();
    this.#stage.close();
  }

  send(input: Input): void {
    if (!this.#state.control.mine) return;
    if (!this.#relayed && this.#direct.send(input)) return;
    this.#session.send({ type: "input", input });
  }

  takeControl(take: boolean): void {
    this.#session.send({ type: "control", take });
  }

  #opened(): void {
    this.#set({ linked: true });
    this.#direct.lineOpen();
  }

  /** All of it waits until the line is open, so that a connection's offer is made meanwhile. */
  #greet(session: OpenedSession): void {
    this.#session.send({ type: "hello", v: 1, sound: this.#options.sound });
    // Whoever had control when the line broke has it still: the session before may hold it for a while yet.
    this.#reclaims = this.#state.control.mine;
    if (this.#reclaims) this.takeControl(true);
    this.#direct.connect(session);
  }

  #connected(stream: MediaStream): void {
    this.#session.wentWell();
    this.#stage.play(stream);
    this.#useRelay(false);
  }

  #useRelay(on: boolean): void {
    if (this.#relayed === on) return;
    if (on && !RelayVideo.isSupported) {
      const text =
        "No direct connection to the phone's host, and this browser decodes video from the hub only on pages with HTTPS.";
      return this.#set({ notice: { code: "no_decoder", text } });
    }
    if (on && !this.#session.isOpen) return;
    this.#relayed = on;
    this.#session.send({ type: "relay", on });
    this.#stage.show(on ? "relay" : "connection");
  }

  #take(message: HostMessage): void {
    switch (message.type) {
      case "answer":
        this.#direct.answer(message.sdp).catch(() => this.#useRelay(true));
        return;
      case "candidate":
        return this.#direct.candidate(message.candidate);
      case "size":
        return this.#set({ size: { width: message.width, height: message.height } });
      case "control":
        return this.#controlIs(message);
      case "filmed":
        return this.#set({ filmed: message.on });
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

  #lineLost(): void {
    this.#relayed = false;
    this.#stage.show("connection");
    this.#direct.lineLost();
    this.#set({ linked: false });
    if (!this.#direct.isConnected) this.#reconnects();
  }

  #reconnects(): void {
    if (this.#state.phase === "playing") this.#set({ phase: "reconnecting" });
  }

  #end(notice: Notice): void {
    this.stop();
    this.#set({ phase: "ended", path: null, linked: false, notice });
  }

  #shown(isRelay: boolean): void {
    this.#meter.firstFrameMs ??= performance.now() - this.#begunMs;
    const { phase, notice, path } = this.#state;
    if (phase === "playing" && !notice && (path === "relay") === isRelay) return;
    const direct = path === "relay" ? null : path;
    this.#set({ phase: "playing", notice: null, path: isRelay ? "relay" : direct });
    if (!isRelay && !direct)
      void this.#direct.connection?.path().then((found) => this.#goesBy(found));
  }

  #goesBy(path: PlayerState["path"]): void {
    if (path && !this.#relayed && path !== this.#state.path) this.#set({ path });
  }

  async #sample(count: number): Promise<void> {
    const { connection } = this.#direct;
    if (!connection || this.#stopped) return;
    const figures = await this.#meter.sample(connection).catch(() => null);
    if (!figures || this.#direct.connection !== connection || this.#stopped) return;
    if (connection.isConnected) this.#useRelay(figures.silentForMs > silentMs);
    const path = this.#relayed ? "relay" : figures.path;
    if (this.#state.phase === "playing") this.#goesBy(path);
    if (count % figuresEverySamples === 0) this.#options.onFigures({ ...figures, path });
    if (count % qualityEverySamples === 0) this.#sendQuality();
  }

  #sendQuality(): void {
    this.#session.send({ type: "quality", quality: this.#meter.quality(this.#stage.relayed) });
  }

  #set(change: Partial<PlayerState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.onState(this.#state);
  }
}
