import { randomUUID } from "node:crypto";
import { dialRelay } from "@cloudphone/agent/relay/dial";
import { chunksOf } from "@cloudphone/agent/byte-reader";
import { Fault, isFaultCode } from "@cloudphone/shared/fault";
import {
  type HostMessage,
  hostMessageSchema,
  type Input,
  liveKinds,
  type ViewerMessage,
} from "@cloudphone/shared/live";
import {
  encodeMessage,
  type LiveFrame,
  LiveFrames,
  type LivePicture,
  type LiveSound,
  messageIn,
  pictureIn,
  soundIn,
} from "@cloudphone/shared/live-frames";
import type { Connection } from "./client.ts";
import { endFault } from "./tunnel.ts";

const dialMs = 15_000;
const maxFrameBytes = 32 * 1024 ** 2;

type ScreenFrame =
  | { readonly kind: "picture"; readonly picture: LivePicture }
  | { readonly kind: "sound"; readonly sound: LiveSound }
  | { readonly kind: "message"; readonly message: HostMessage };

/** A phone's screen for a program: pictures come by the hub's relay, in the very bytes that the phone encoded. */
export interface ScreenLine {
  /** What comes in, to the end of the session; throws the Fault that ended it, or that the host told. */
  frames(): AsyncGenerator<ScreenFrame, void>;
  send(message: ViewerMessage): Promise<void>;
}

/** Opens a live session, does the work, and ends the session whatever happened. With `look` the phone begins to film its screen. */
export async function withScreen<T>(
  { client, url }: Connection,
  { device, viewOnly, look = true }: { device: string; viewOnly: boolean; look?: boolean },
  work: (line: ScreenLine) => Promise<T>,
): Promise<T> {
  const session = { device, purpose: "screen" as const, viewOnly, idempotencyKey: randomUUID() };
  const { ticket } = await client.sessions.open.mutate(session);
  const line = await dialRelay({ hubUrl: url, ticket, timeoutMs: dialMs });
  const { stream } = line;
  const send = (message: ViewerMessage): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(encodeMessage(message), (error) => (error ? reject(error) : resolve()));
    });
  try {
    if (look) await send({ type: "hello", v: 1, sound: true });
    const frames = async function* (): AsyncGenerator<ScreenFrame, void> {
      yield* readFrames(chunksOf(stream));
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

async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ScreenFrame, void> {
  const frames = new LiveFrames(maxFrameBytes);
  for await (const chunk of chunks)
    for (const frame of frames.push(chunk)) {
      const read = toScreenFrame(frame);
      if (read) yield read;
    }
}

/** Null for what a newer host may say, and this program does not know. */
function toScreenFrame({ kind, body }: LiveFrame): ScreenFrame | null {
  if (kind === liveKinds.picture) {
    const picture = pictureIn(body);
    return picture && { kind: "picture", picture };
  }
  if (kind === liveKinds.sound) {
    const sound = soundIn(body);
    return sound && { kind: "sound", sound };
  }
  if (kind !== liveKinds.message) return null;
  const message = hostMessageSchema.safeParse(messageIn(body));
  return message.success ? { kind: "message", message: message.data } : null;
}
