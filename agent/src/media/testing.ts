import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Duplex } from "node:stream";
import {
  type HostMessage,
  hostMessageSchema,
  type Input,
  type LiveCandidate,
  liveKinds,
  type ViewerMessage,
} from "@cloudphone/shared/live";
import { LiveFrames, messageIn } from "@cloudphone/shared/live-frames";
import type { RelayEndReason } from "@cloudphone/shared/relay";
import { onTestFinished, vi } from "vitest";
import { chunksOf } from "../byte-reader.ts";
import type { Screens } from "./screens.ts";
import { openServerFile } from "./scrcpy/server-file.ts";

const fetchMs = 90_000;

/** scrcpy's server for tests: verified like any other, and fetched once for all runs of this checkout. */
export async function serverFileForTests(): Promise<string> {
  const dataDir = path.resolve(import.meta.dirname, "../../../node_modules/.cache/cloudphone");
  await mkdir(dataDir, { recursive: true });
  return openServerFile({ dataDir, configuredPath: null, signal: AbortSignal.timeout(fetchMs) });
}

/** The viewer's end of a relay line, and what came in on it. */
export class TestViewer {
  readonly messages: HostMessage[] = [];
  pictures = 0;
  keys = 0;
  sounds = 0;
  /** The host tells its addresses one by one, some of them after its answer. */
  onCandidate: (candidate: LiveCandidate | null) => void = () => undefined;
  readonly sessionId = randomUUID();
  readonly done: Promise<void>;
  readonly #line: Duplex;
  readonly #ended = Promise.withResolvers<RelayEndReason | null>();

  constructor(
    { screens, deviceId }: { screens: Screens; deviceId: string },
    { viewOnly = false, sound = true } = {},
  ) {
    const [line, stream] = duplexPair();
    this.#line = line;
    const wish = {
      sessionId: this.sessionId,
      deviceId,
      viewOnly,
      sound,
      iceServers: [],
      relayOnly: false,
      cause: { correlationId: randomUUID(), causationId: null },
    };
    const served = screens.serve({ stream, ended: this.#ended.promise }, wish);
    this.done = served.done;
    void this.#read();
    onTestFinished(() => served.end());
  }

  send(message: ViewerMessage): void {
    this.raw(Buffer.from(JSON.stringify(message)));
  }

  raw(body: Buffer, kind: number = liveKinds.message): void {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length + 1);
    head[4] = kind;
    this.#line.write(Buffer.concat([head, body]));
  }

  input(input: Input): void {
    this.send({ type: "input", input });
  }

  of<T extends HostMessage["type"]>(type: T): Extract<HostMessage, { type: T }>[] {
    return this.messages.filter((message) => message.type === type) as Extract<
      HostMessage,
      { type: T }
    >[];
  }

  async until(condition: () => boolean): Promise<void> {
    await vi.waitUntil(condition, { timeout: 30_000, interval: 10 });
  }

  /** The line breaks, as when the hub goes away. */
  cut(reason: RelayEndReason | null): void {
    this.#ended.resolve(reason);
    this.#line.destroy();
  }

  #take(message: HostMessage): void {
    this.messages.push(message);
    if (message.type === "candidate") this.onCandidate(message.candidate);
  }

  async #read(): Promise<void> {
    const frames = new LiveFrames(1024 ** 2);
    for await (const chunk of chunksOf(this.#line))
      for (const { kind, body } of frames.push(chunk)) {
        if (kind === liveKinds.message) this.#take(hostMessageSchema.parse(messageIn(body)));
        if (kind === liveKinds.sound) this.sounds++;
        if (kind === liveKinds.picture) {
          this.pictures++;
          this.keys += body[0] ?? 0;
        }
      }
  }
}

function duplexPair(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        other().push(chunk);
        done();
      },
      destroy(error, done) {
        if (!other().destroyed) other().push(null);
        setImmediate(() => other().destroy());
        done(error);
      },
    });
  const first: Duplex = make(() => second);
  const second: Duplex = make(() => first);
  for (const stream of [first, second]) stream.on("error", () => undefined);
  return [first, second];
}
