import type { Duplex, Readable, Writable } from "node:stream";
import { ByteReader } from "@cloudphone/agent/byte-reader";
import { shellPackets as ids, windowSizeOf } from "@cloudphone/shared/adb-wire";
import { Fault } from "@cloudphone/shared/fault";
import type { RemotePhone } from "./tunnel.ts";

const maxPacketBytes = 1024 * 1024;

export interface Terminal {
  readonly input: Readable;
  readonly output: Writable;
  readonly errors: Writable;
  /** Present when a person sits there: the window, and word of its changes. */
  readonly window?: Window;
}

export interface Window {
  readonly name: string;
  size(): { rows: number; columns: number };
  onResize(listener: () => void): Disposable;
}

const encode = (id: number, data: Buffer): Buffer => {
  const packet = Buffer.allocUnsafe(5 + data.length);
  packet.writeUInt8(id, 0);
  packet.writeUInt32LE(data.length, 1);
  data.copy(packet, 5);
  return packet;
};

/** The words after `shell` as adb sends them: joined by a space, for the device's own shell to read. */
export const commandLine = (words: readonly string[]): string => words.join(" ");

/** Runs a command line (or, with an empty one, a shell) on the phone with this terminal; resolves with its exit code. */
export async function runShell(
  phone: RemotePhone,
  line: string,
  terminal: Terminal,
): Promise<number> {
  if (!phone.peer.features.has("shell_v2"))
    throw new Fault("unsupported", "The phone is too old: its shell tells no exit codes.");
  const { window } = terminal;
  const kind = window ? `TERM=${window.name},pty` : "raw";
  const stream = await phone.open(`shell,v2,${kind}:${line}`);
  const stopTyping = type(stream, terminal);
  try {
    for (const reader = new ByteReader(stream); ; ) {
      const header = await reader.exactly(5);
      const length = header?.readUInt32LE(1) ?? 0;
      const data = length > maxPacketBytes ? null : header && (await reader.exactly(length));
      if (!data) throw await phone.why(null);
      if (header?.[0] === ids.exit) return data[0] ?? 0;
      if (header?.[0] === ids.stdout) await write(terminal.output, data);
      if (header?.[0] === ids.stderr) await write(terminal.errors, data);
    }
  } finally {
    stopTyping[Symbol.dispose]();
    stream.destroy();
  }
}

/** Carries what is typed, and the window's size, to the phone. */
function type(stream: Duplex, { input, window }: Terminal): Disposable {
  const sendSize = (): void => {
    if (!window) return;
    stream.write(encode(ids.windowSize, Buffer.from(windowSizeOf(window.size()))));
  };
  const typed = (chunk: Buffer): void => {
    if (stream.write(encode(ids.stdin, chunk))) return;
    input.pause();
    stream.once("drain", () => input.resume());
  };
  const ended = (): void => void stream.write(encode(ids.closeStdin, Buffer.alloc(0)));
  sendSize();
  const resizing = window?.onResize(sendSize);
  input.on("data", typed);
  input.once("end", ended);
  return {
    [Symbol.dispose]() {
      resizing?.[Symbol.dispose]();
      input.off("data", typed);
      input.off("end", ended);
      input.pause();
    },
  };
}

async function write(output: Writable, data: Buffer): Promise<void> {
  if (output.write(data)) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      output.off("drain", go);
      output.off("close", go);
      resolve();
    };
    output.once("drain", go);
    output.once("close", go);
  });
}
