import { shellPackets as packetIds } from "@cloudphone/shared/adb-wire";
import { ByteReader } from "../../byte-reader.ts";
import { Interpreter, type ShellStreams } from "./interpreter.ts";
import type { SimPhone } from "./phone.ts";
import { cooked, lines } from "./pty.ts";
import type { ServiceIo } from "./service.ts";

export type Out = (bytes: Buffer | string) => Promise<void>;

/** What one shell command works with. */
export interface ShellContext {
  readonly phone: SimPhone;
  /** Without the command's own name. */
  readonly args: readonly string[];
  /** The shell's variables, `CLASSPATH=…` before the command among them. */
  readonly variables: ReadonlyMap<string, string>;
  readonly out: Out;
  readonly err: Out;
  readonly stdin: ByteReader;
  readonly signal: AbortSignal;
}

/** Resolves with the exit code. */
export type ShellCommand = (context: ShellContext) => Promise<number>;

/** `shell:` of the first protocol: output and errors together, no exit code. Without a command: a line at a time. */
export async function runShell(phone: SimPhone, line: string, io: ServiceIo): Promise<void> {
  const out: Out = (bytes) => io.write(bytes);
  const streams = { out, err: out, stdin: new ByteReader(io.input), signal: io.signal };
  const shell = new Interpreter(phone);
  if (line === "") await converse(shell, streams);
  else await shell.run(line, streams);
}

const maxTypedChars = 65_536;

/** Prompt, line, answer, until `exit` or the end of the input; resolves with the last exit code. */
async function converse(shell: Interpreter, streams: ShellStreams): Promise<number> {
  const prompt = "simphone:/ $ ";
  let code = 0;
  let typed = "";
  await streams.out(prompt);
  for (let chunk = await streams.stdin.some(); chunk; chunk = await streams.stdin.some()) {
    typed = (typed + chunk.toString("utf8")).slice(-maxTypedChars);
    for (let end = typed.search(/[\r\n]/); end !== -1; end = typed.search(/[\r\n]/)) {
      const command = typed.slice(0, end);
      typed = typed.slice(end + 1);
      code = await shell.run(command, streams);
      if (shell.ended) return code;
      await streams.out(prompt);
    }
  }
  return code;
}

interface Shell {
  readonly line: string;
  /** For a person at a terminal, who is to see what they type. */
  readonly pty: boolean;
}

/** `shell,v2:`: output in packets, and at last the exit code. */
export async function serveShellV2(
  phone: SimPhone,
  { line, pty }: Shell,
  io: ServiceIo,
): Promise<void> {
  const packet = (id: number, data: Buffer): Buffer => {
    const header = Buffer.alloc(5);
    header.writeUInt8(id);
    header.writeUInt32LE(data.length, 1);
    return Buffer.concat([header, data]);
  };
  const keys = unwrap(new ByteReader(io.input));
  const print = (id: number): Out => {
    const out: Out = (bytes) => io.write(packet(id, Buffer.from(bytes as string)));
    return pty ? cooked(out) : out;
  };
  const streams = {
    out: print(packetIds.stdout),
    err: print(packetIds.stderr),
    stdin: new ByteReader(pty ? lines(keys, print(packetIds.stdout)) : keys),
    signal: io.signal,
  };
  const shell = new Interpreter(phone);
  const code = await (line === "" ? converse(shell, streams) : shell.run(line, streams));
  await io.write(packet(packetIds.exit, Buffer.from([code & 0xff])));
}

async function* unwrap(reader: ByteReader): AsyncGenerator<Buffer> {
  for (;;) {
    const header = await reader.exactly(5);
    if (!header) return;
    const length = header.readUInt32LE(1);
    if (length > 1024 * 1024) return;
    const data = await reader.exactly(length);
    if (!data || header[0] === packetIds.closeStdin) return;
    if (header[0] === packetIds.stdin) yield data;
  }
}
