import { Fault } from "@cloudphone/shared/fault";
import {
  liveKinds,
  maxLiveMessageBytes,
  type ViewerMessage,
  viewerMessageSchema,
} from "@cloudphone/shared/live";
import { encodePicture, LiveFrames, messageIn } from "@cloudphone/shared/live-frames";
import type { AccessUnit } from "./access-units.ts";

/** An input that can't be read: a finger far outside, a key that no phone has. It is left out, as on a data channel, and ends nothing. */
export interface UnreadableInput {
  readonly type: "unreadable-input";
}

/** The viewer's messages, to the end of the line. A Fault is what a viewer must not send; the session ends with it. */
export async function* readViewerMessages(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ViewerMessage | UnreadableInput, void> {
  const frames = new LiveFrames(maxLiveMessageBytes);
  for await (const chunk of chunks)
    for (const { kind, body } of frames.push(chunk)) {
      if (kind !== liveKinds.message)
        throw new Fault("bad_input", "The viewer sent what is no message.");
      yield toViewerMessage(messageIn(body));
    }
}

function toViewerMessage(json: unknown): ViewerMessage | UnreadableInput {
  if (json === undefined)
    throw new Fault("bad_input", "The viewer sent a message that is no JSON.");
  const message = viewerMessageSchema.safeParse(json);
  if (message.success) return message.data;
  if (typeof json === "object" && json !== null && "type" in json && json.type === "input")
    return { type: "unreadable-input" };
  const [issue] = message.error.issues;
  const where = issue?.path.join(".") ?? "";
  throw new Fault(
    "bad_input",
    `The viewer sent a message that can't be read: ${where} ${issue?.message ?? ""}`.trim(),
  );
}

const startCode = Buffer.from([0, 0, 0, 1]);

/** H.264 in Annex B, in pieces. */
export const annexB = ({ units }: AccessUnit): readonly Buffer[] =>
  units.flatMap((part) => [startCode, part]);

export const pictureFrame = (unit: AccessUnit): Uint8Array => encodePicture(unit, annexB(unit));
