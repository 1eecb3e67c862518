import { shellCommands } from "./commands/catalog.ts";
import type { SimPhone } from "./phone.ts";
import { ByteReader, type ServiceIo } from "./service.ts";
import { expand, parseCommands, type SimpleCommand } from "./shell-parser.ts";

/** What one shell command works with. */
export interface ShellContext {
  readonly phone: SimPhone;
  /** Without the command's own name. */
  readonly args: readonly string[];
  readonly out: (bytes: Buffer | string) => Promise<void>;
  readonly stdin: ByteReader;
  readonly signal: AbortSignal;
}

/** Resolves with the exit code. */
export type ShellCommand = (context: ShellContext) => Promise<number>;

type Out = (bytes: Buffer | string) => Promise<void>;

async function interpret(
  phone: SimPhone,
  line: string,
  streams: { out: Out; stdin: ByteReader; signal: AbortSignal },
): Promise<number> {
  if (phone.knobs.hangShell) {
    await new Promise((resolve) => streams.signal.addEventListener("abort", resolve));
    return 1;
  }
  const variables: Record<string, string> = { "?": "0", HOME: "/", EXTERNAL_STORAGE: "/sdcard" };
  let code = 0;
  let skip = false;
  for (const command of parseCommands(line)) {
    if (streams.signal.aborted) return 130;
    if (!skip) {
      code = await runOne(phone, command, { ...streams, variables });
      variables["?"] = String(code);
    }
    skip = command.joint === "&&" ? code !== 0 : command.joint === "||" ? code === 0 : false;
  }
  return code;
}

async function runOne(
  phone: SimPhone,
  command: SimpleCommand,
  streams: { out: Out; stdin: ByteReader; signal: AbortSignal; variables: Record<string, string> },
): Promise<number> {
  const [name = "", ...args] = command.words.map((word) => expand(word, streams.variables));
  const run = shellCommands.get(name);
  const out: Out = command.dropOutput ? () => Promise.resolve() : streams.out;
  if (!run) {
    await out(`/system/bin/sh: ${name}: inaccessible or not found\n`);
    return 127;
  }
  return run({ phone, args, out, stdin: streams.stdin, signal: streams.signal });
}

/** `shell:` of the first protocol: output and errors together, no exit code. Without a command: a line at a time. */
export async function runShell(phone: SimPhone, line: string, io: ServiceIo): Promise<void> {
  const stdin = new ByteReader(io.input);
  const streams = { out: (bytes: Buffer | string) => io.write(bytes), stdin, signal: io.signal };
  if (line !== "") {
    await interpret(phone, line, streams);
    return;
  }
  await io.write("simphone:/ $ ");
  let typed = "";
  for (let chunk = await stdin.some(); chunk; chunk = await stdin.some()) {
    typed = (typed + chunk.toString("utf8")).slice(-65_536);
    for (let end = typed.search(/[\r\n]/); end !== -1; end = typed.search(/[\r\n]/)) {
      const command = typed.slice(0, end);
      typed = typed.slice(end + 1);
      if (command.trim() === "exit") return;
      await interpret(phone, command, streams);
      await io.write("simphone:/ $ ");
    }
  }
}

/** `exec:`: like shell, raw, with standard input. */
export async function serveExec(phone: SimPhone, line: string, io: ServiceIo): Promise<void> {
  const stdin = new ByteReader(io.input);
  await interpret(phone, line, { out: (bytes) => io.write(bytes), stdin, signal: io.signal });
}

// AOSP packages/modules/adb/shell_protocol.h: one byte of id, four of length (little-endian), then the data.
const packetIds = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  exit: 3,
  closeStdin: 4,
  windowSize: 5,
} as const;

/** `shell,v2:`: output in packets, and at last the exit code. */
export async function serveShellV2(phone: SimPhone, line: string, io: ServiceIo): Promise<void> {
  const packet = (id: number, data: Buffer): Buffer => {
    const header = Buffer.alloc(5);
    header.writeUInt8(id);
    header.writeUInt32LE(data.length, 1);
    return Buffer.concat([header, data]);
  };
  const stdin = new ByteReader(unwrap(new ByteReader(io.input)));
  const out = (bytes: Buffer | string): Promise<void> =>
    io.write(packet(packetIds.stdout, Buffer.from(bytes as string)));
  const code = line === "" ? 0 : await interpret(phone, line, { out, stdin, signal: io.signal });
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
