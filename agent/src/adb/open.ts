import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { Fault } from "@cloudphone/shared/fault";
import { Adb as Adbkit, type Client, type DeviceClient } from "@devicefarmer/adbkit";
import type { Adb, AdbDevice, AdbTarget, ShellResult } from "./adb.ts";

type PushTransfer = Awaited<ReturnType<DeviceClient["push"]>>;

const connectMs = 5000;
const maxOutputBytes = 32 * 1024 ** 2;

/** Opens devices through whatever adb server each target names; one client per server. */
export function createAdb(): Adb {
  const clients = new Map<string, Client>();
  const clientOf = ({ server }: AdbTarget): Client => {
    const key = `${server.host}:${server.port}`;
    const known = clients.get(key);
    if (known) return known;
    // adbkit starts an adb server of its own when nothing listens: where that is not wanted, there is no such file.
    const bin = server.bin ?? "/nonexistent/adb";
    const client = Adbkit.createClient({ host: server.host, port: server.port, bin });
    client.on("error", () => undefined);
    clients.set(key, client);
    return client;
  };
  return {
    open: async (target) => {
      const client = clientOf(target);
      if (target.connect) await connect(client, target.connect);
      return openDevice(client, target.serial);
    },
    close: async () => {
      clients.clear();
      await Promise.resolve();
    },
  };
}

/** `adb connect`, after a `disconnect`: for a transport that went offline "already connected" is said, and means nothing. */
async function connect(client: Client, address: string): Promise<void> {
  const [host = "127.0.0.1", port = "5555"] = address.split(":");
  const devices = await within<{ id: string; type: string }[]>(
    client.listDevices(),
    connectMs,
    "adb did not list its devices",
  );
  if (devices.some((device) => device.id === address && device.type === "device")) return;
  await within(client.disconnect(host, Number(port)), connectMs, "adb did not answer").catch(
    () => undefined,
  );
  await within(
    client.connect(host, Number(port)),
    connectMs,
    `adb could not connect to ${address}`,
  );
}

function openDevice(client: Client, serial: string): AdbDevice {
  const device = client.getDevice(serial);

  /** Runs a command line; gives all it printed. */
  const run = async (line: string, timeoutMs: number): Promise<Buffer> => {
    const started = performance.now();
    const stream = await within<Duplex>(
      device.shell(line),
      timeoutMs,
      "the phone did not open a shell",
    );
    return readAll(stream, timeoutMs - (performance.now() - started));
  };

  const shell: AdbDevice["shell"] = async (args, { timeoutMs }) => {
    // The first shell protocol has no exit code: it is printed behind a marker that no output can hold.
    const marker = `exit-${randomUUID()}:`;
    const output = (
      await run(`${args.map(quote).join(" ")}; echo ${marker}$?`, timeoutMs)
    ).toString("utf8");
    return splitOutput(output, marker);
  };

  return {
    shell,
    async waitBooted({ timeoutMs, signal }) {
      const until = performance.now() + timeoutMs;
      for (;;) {
        signal.throwIfAborted();
        const left = until - performance.now();
        if (left <= 0)
          throw new Fault(
            "timed_out",
            `The phone did not finish booting in ${Math.round(timeoutMs / 1000)} s.`,
          );
        const probe = shell(["getprop", "sys.boot_completed"], { timeoutMs: Math.min(left, 3000) });
        const answer = await probe.catch(() => null);
        if (answer?.output.trim() === "1") return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async install(apkPath, { timeoutMs }) {
      const remote = `/data/local/tmp/${randomUUID()}.apk`;
      try {
        await push(device, { from: apkPath, to: remote, timeoutMs });
        const { output } = await shell(["pm", "install", "-r", remote], { timeoutMs });
        if (/^Success/m.test(output)) return;
        const why = /Failure \[([^\]]*)\]/.exec(output)?.[1] ?? output.trim().slice(0, 300);
        throw new Fault("install_failed", `The phone refused the app: ${why}`);
      } finally {
        await shell(["rm", "-f", remote], { timeoutMs: 5000 }).catch(() => undefined);
      }
    },
    async uninstall(packageName, { timeoutMs }) {
      const { output } = await shell(["pm", "uninstall", packageName], { timeoutMs });
      if (!/^Success/m.test(output))
        throw new Fault(
          "not_found",
          `${packageName} could not be removed: ${output.trim().slice(0, 300)}`,
        );
    },
    async packages({ timeoutMs }) {
      const { output } = await shell(["pm", "list", "packages"], { timeoutMs });
      return [...output.matchAll(/^package:(\S+)/gm)].map((match) => match[1] ?? "");
    },
    async properties({ timeoutMs }) {
      const { output } = await shell(["getprop"], { timeoutMs });
      const pairs = [...output.matchAll(/^\[([^\]]+)\]: \[(.*)\]\r?$/gm)];
      return Object.fromEntries(pairs.map((match) => [match[1] ?? "", match[2] ?? ""]));
    },
    async screenshot({ timeoutMs }) {
      const png = await run("screencap -p", timeoutMs);
      const start = png.indexOf("\x89PNG", 0, "latin1");
      if (start === -1)
        throw new Fault("device_failed", "The phone gave no picture of its screen.");
      return png.subarray(start);
    },
    close: async () => {
      await Promise.resolve();
    },
  };
}

async function push(
  device: DeviceClient,
  file: { from: string; to: string; timeoutMs: number },
): Promise<void> {
  const transfer = await within<PushTransfer>(
    device.push(file.from, file.to, 0o644),
    file.timeoutMs,
    "the phone took no file",
  );
  const done = new Promise<void>((resolve, reject) => {
    transfer.once("end", () => resolve());
    transfer.once("error", reject);
  });
  try {
    await within(done, file.timeoutMs, "the phone did not take the file in time");
  } finally {
    transfer.cancel();
  }
}

/** For sh: a name with `'; reboot; '` stays a name. */
export const quote = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;

/** Parts what a command printed from the exit code behind the marker. Without one, the shell was cut off. */
export function splitOutput(printed: string, marker: string): ShellResult {
  const at = printed.lastIndexOf(marker);
  if (at === -1) throw new Fault("unavailable", "The connection to the phone broke off.");
  return {
    output: printed.slice(0, at),
    exitCode: Number.parseInt(printed.slice(at + marker.length), 10),
  };
}

async function readAll(stream: Duplex, timeoutMs: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const done = new Promise<void>((resolve, reject) => {
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxOutputBytes) reject(new Fault("too_large", "The phone printed too much."));
      else chunks.push(chunk);
    });
    stream.once("end", resolve);
    stream.once("close", resolve);
    stream.once("error", reject);
  });
  try {
    await within(done, Math.max(1, timeoutMs), "the phone did not answer in time");
    return Buffer.concat(chunks);
  } finally {
    stream.on("error", () => undefined);
    stream.destroy();
  }
}

/** Every call of adbkit may hang for ever: a paused container, a dead network. */
async function within<T>(work: PromiseLike<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Fault("timed_out", `${what} (${Math.round(ms)} ms).`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      "unavailable",
      `The phone can't be reached over adb: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}
