import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice } from "../../adb/adb.ts";
import { within } from "../../adb/deadline.ts";
import { ByteReader } from "../../byte-reader.ts";
import { encodeControl } from "./control.ts";
import { ServerRun } from "./server-run.ts";
import { type DeviceMessage, readDeviceMessage } from "./streams.ts";

const answerMs = 3000;
/** In it the server sends what is in the clipboard, or nothing: an empty one has no message. */
const emptyMs = 1500;

/**
 * Sets a phone's clipboard, or with null reads it: resolves with what is in it then. adb's shell has no command for it, so scrcpy's server does it, in a run of its
 * own: it answers who asks only when it does not tell every change by itself, as the run that films the screen has it do (Controller.java, getClipboard).
 */
export async function clipboard(
  device: AdbDevice,
  text: string | null,
  { scid, signal }: { readonly scid: number; readonly signal: AbortSignal },
): Promise<string> {
  const words = { video: false, audio: false, control: true, clipboard_autosync: false };
  const run = new ServerRun(device, { scid, words, what: "clipboard", signal });
  try {
    await run.start();
    const socket = await run.connect();
    const reader = new ByteReader(socket as AsyncIterable<Buffer>);
    // The dummy byte and the phone's name: it is there.
    const limits = { timeoutMs: answerMs, signal, what: "the phone did not answer" };
    if (!(await within(reader.exactly(1 + 64), limits)))
      throw new Fault("device_failed", "The phone ended the connection at once.");
    if (text === null) {
      socket.write(encodeControl({ type: "get-clipboard", copy: "none" }));
      const limit = { ...limits, timeoutMs: emptyMs };
      const told = await within(next(reader, "clipboard"), limit).catch(unlessSilent);
      return told?.text ?? "";
    }
    socket.write(encodeControl({ type: "set-clipboard", sequence: 1n, paste: false, text }));
    await within(next(reader, "clipboard-set"), { ...limits, what: "the phone did not take it" });
    return text;
  } catch (error) {
    throw run.explain(error);
  } finally {
    run.close();
  }
}

async function next<T extends DeviceMessage["type"]>(
  reader: ByteReader,
  type: T,
): Promise<Extract<DeviceMessage, { type: T }>> {
  for (;;) {
    const message = await readDeviceMessage(reader);
    if (!message) throw new Fault("device_failed", "The phone broke the connection off.");
    if (message.type === type) return message as Extract<DeviceMessage, { type: T }>;
  }
}

function unlessSilent(error: unknown): null {
  if (error instanceof Fault && error.code === "timed_out") return null;
  throw error;
}
