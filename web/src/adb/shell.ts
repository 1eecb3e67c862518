import { shellPackets, windowSizeOf } from "@cloudphone/shared/adb-wire";
import { Fault } from "@cloudphone/shared/fault";
import type { PhoneConnection } from "./connection.ts";
import type { PhoneStream } from "./stream.ts";

const headerBytes = 5;
const maxPacketBytes = 1024 * 1024;

interface ShellOptions {
  /** A command line for the phone's own shell; empty: the shell itself, for a person. */
  readonly line: string;
  readonly terminal?: { readonly rows: number; readonly columns: number };
  /** Output and errors. No more is read before it has resolved. */
  onOutput(data: Uint8Array): Promise<void> | void;
}

/** A shell of the phone, or one command of it. */
export class Shell {
  readonly #stream: PhoneStream;

  private constructor(stream: PhoneStream) {
    this.#stream = stream;
  }

  /** Starts it; `exitCode` resolves when it has ended, with null when the connection went first. */
  static async start(
    connection: PhoneConnection,
    { line, terminal, onOutput }: ShellOptions,
  ): Promise<{ readonly shell: Shell; readonly exitCode: Promise<number | null> }> {
    const kind = terminal ? "TERM=xterm-256color,pty" : "raw";
    const stream = await connection.open(`shell,v2,${kind}:${line}`);
    const shell = new Shell(stream);
    if (terminal) shell.resize(terminal);
    return { shell, exitCode: readTo(stream, onOutput) };
  }

  /** Resolves once it is on its way. */
  async type(text: string): Promise<void> {
    await this.#send(shellPackets.stdin, text);
  }

  resize(window: { rows: number; columns: number }): void {
    void this.#send(shellPackets.windowSize, windowSizeOf(window));
  }

  close(): void {
    this.#stream.close();
  }

  async #send(id: number, text: string): Promise<void> {
    const data = new TextEncoder().encode(text);
    const packet = new Uint8Array(headerBytes + data.length);
    packet[0] = id;
    new DataView(packet.buffer).setUint32(1, data.length, true);
    packet.set(data, headerBytes);
    await this.#stream.write(packet);
  }
}

async function readTo(
  stream: PhoneStream,
  onOutput: ShellOptions["onOutput"],
): Promise<number | null> {
  for (;;) {
    const header = await stream.exactly(headerBytes);
    if (!header) return null;
    const length = new DataView(header.buffer).getUint32(1, true);
    const data = length > maxPacketBytes ? null : await stream.exactly(length);
    if (!data) return null;
    if (header[0] === shellPackets.exit) return data[0] ?? 0;
    if (header[0] === shellPackets.stdout || header[0] === shellPackets.stderr)
      await onOutput(data);
  }
}

/** Runs one command; resolves with what it printed, errors too, and its exit code. */
export async function runCommand(
  connection: PhoneConnection,
  words: readonly string[],
): Promise<{ readonly output: string; readonly exitCode: number }> {
  let output = "";
  const text = new TextDecoder();
  const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const { shell, exitCode } = await Shell.start(connection, {
    line,
    onOutput: (data) => {
      output = (output + text.decode(data, { stream: true })).slice(0, maxPrintedChars);
    },
  });
  const code = await exitCode;
  shell.close();
  if (code === null) throw new Fault("unavailable", "The connection to the phone broke off.");
  return { output, exitCode: code };
}

const maxPrintedChars = 64 * 1024;
