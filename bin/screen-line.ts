import { randomUUID } from "node:crypto";
import { dialRelay } from "@cloudphone/agent/relay/dial";
import { ByteReader } from "@cloudphone/agent/byte-reader";
import { Fault, isFaultCode } from "@cloudphone/shared/fault";
import {
  type HostMessage,
  hostMessageSchema,
  type Input,
  liveKinds,
  pictureHeaderBytes,
  type ViewerMessage,
} from "@cloudphone/shared/live";
import type { Connection } from "./client.ts";
import { endFault } from "./tunnel.ts";

const dialMs = 15_000;
const maxFrameBytes = 32 * 1024 ** 2;

export interface ScreenPicture {
  readonly key: boolean;
  readonly width: number;
  readonly height: number;
  readonly ptsUs: number;
  /** H.264 in Annex B. */
  readonly data: Buffer;
}

export interface ScreenSound {
  readonly ptsUs: number;
  /** One packet of Opus: 48 kHz, stereo, 20 ms. */
  readonly data: Buffer;
}

type ScreenFrame =
  | { readonly kind: "picture"; readonly picture: ScreenPicture }
  | { readonly kind: "sound"; readonly sound: ScreenSound }
  | { readonly kind: "message"; readonly message: HostMessage };

/** A phone's screen for a program: pictures come by the hub's relay, in the very bytes that the phone encoded. */
export interface ScreenLine {
  /** What comes in, to the end of the session; throws the Fault that ended it, or that the host told. */
  frames(): AsyncGenerator<ScreenFrame, void>;
  send(message: ViewerMessage): Promise<void>;
}

/** Opens a live session, does the work, and ends the session whatever happened. */
export async function withScreen<T>(
  { client, url }: Connection,
  { device, viewOnly }: { device: string; viewOnly: boolean },
  work: (line: ScreenLine) => Promise<T>,
): Promise<T> {
  const session = { device, purpose: "screen" as const, viewOnly, idempotencyKey: randomUUID() };
  const { ticket } = await client.sessions.open.mutate(session);
  const line = await dialRelay({ hubUrl: url, ticket, timeoutMs: dialMs });
  const { stream } = line;
  const send = (message: ViewerMessage): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(encode(message), (error) => (error ? reject(error) : resolve()));
    });
  try {
    await send({ type: "hello", v: 1, sound: true });
    const frames = async function* (): AsyncGenerator<ScreenFrame, void> {
      yield* readFrames(new ByteReader(stream as AsyncIterable<Buffer>));
      throw endFault(await line.ended);
    };
    return await work({ frames, send });
  } finally {
    stream.end();
    stream.destroy();
  }
}

/** Does something on a phone's screen, as soon as the phone shows it and takes input; resolves when all is sent. */
export async function act(
  line: ScreenLine,
  inputs: (size: { width: number; height: number }) => readonly Input[],
): Promise<void> {
  let mine = false;
  for await (const frame of line.frames()) {
    if (frame.kind !== "message") continue;
    const { message } = frame;
    if (message.type === "trouble") throw troubleFault(message);
    if (message.type === "control") {
      mine = message.mine;
      if (!mine) await line.send({ type: "control", take: true });
    }
    if (message.type !== "size" || !mine) continue;
    for (const input of inputs(message)) await line.send({ type: "input", input });
    return;
  }
}

export const troubleFault = ({ code, message }: { code: string; message: string }): Fault =>
  new Fault(isFaultCode(code) ? code : "device_failed", message);

async function* readFrames(reader: ByteReader): AsyncGenerator<ScreenFrame, void> {
  for (;;) {
    const head = await reader.exactly(5);
    if (!head) return;
    const bytes = head.readUInt32BE() - 1;
    if (bytes > maxFrameBytes) throw new Fault("device_failed", "The host sent what is no frame.");
    const body = await reader.exactly(bytes);
    if (!body) return;
    if (head[4] === liveKinds.picture) yield { kind: "picture", picture: toPicture(body) };
    else if (head[4] === liveKinds.sound)
      yield { kind: "sound", sound: { ptsUs: body.readDoubleBE(), data: body.subarray(8) } };
    else if (head[4] === liveKinds.message) {
      const message = hostMessageSchema.safeParse(JSON.parse(body.toString("utf8")));
      if (message.success) yield { kind: "message", message: message.data };
    }
  }
}

const toPicture = (body: Buffer): ScreenPicture => ({
  key: body[0] === 1,
  width: body.readUInt16BE(1),
  height: body.readUInt16BE(3),
  ptsUs: body.readDoubleBE(5),
  data: body.subarray(pictureHeaderBytes),
});

function encode(message: ViewerMessage): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length + 1);
  head[4] = liveKinds.message;
  return Buffer.concat([head, body]);
}
