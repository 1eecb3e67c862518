import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "@cloudphone/shared/fault";
import type { AdbDevice, ShellOptions, ShellResult } from "./adb.ts";
import { within } from "./deadline.ts";
import { quote, splitOutput } from "./quote.ts";
import type { ServerDoor } from "./server.ts";
import { pullFile, pushFile } from "./transfer.ts";
import { toPhoneFault } from "./words.ts";

const maxOutputBytes = 32 * 1024 ** 2;
/** A phone that has just begun to boot is asked often; one that takes long is not kept from it by our asking. */
const lookAgain = { firstMs: 20, longestMs: 100, growth: 1.02 };

export function openDevice(door: ServerDoor, serial: string): AdbDevice {
  const open: AdbDevice["open"] = (service, { timeoutMs, signal }) =>
    door.open(serial, service, { timeoutMs, signal, what: "the phone did not answer" });
  const run = (line: string, options: ShellOptions): Promise<Buffer> =>
    runLine(open, line, options);
  /** Command lines one after the other; the exit code is the last one's. */
  const script: Script = async (lines, options) => {
    // The first shell protocol has no exit code: it is printed behind a marker that no output can hold.
    const marker = `exit-${randomUUID()}:`;
    const line = [...lines.map((one) => `${one} </dev/null`), `echo ${marker}$?`].join("; ");
    return splitOutput((await run(line, options)).toString("utf8"), marker);
  };
  const shell: AdbDevice["shell"] = (args, options) => script([args.map(quote).join(" ")], options);
  const packages: AdbDevice["packages"] = async (options) => {
    const { output } = await shell(["pm", "list", "packages"], options);
    return [...output.matchAll(/^package:(\S+)/gm)].map((match) => match[1] ?? "");
  };
  const phone = { open, shell };
  return {
    ...phone,
    features: (options) => featuresOf(door, serial, options),
    waitBooted: (options) => waitBooted(shell, options),
    push: (file, options) => pushFile(phone, file, options),
    pull: (file, options) => pullFile(phone, file, options),
    install: (apkPath, options) => install({ ...phone, script }, apkPath, options),
    async uninstall(packageName, options) {
      const { output } = await shell(["pm", "uninstall", packageName], options);
      if (/^Success/m.test(output)) return;
      // Android says DELETE_FAILED_INTERNAL_ERROR of either.
      if (!(await packages(options)).includes(packageName))
        throw new Fault("not_found", `${packageName} is not installed.`);
      const why = output.trim().slice(0, 300);
      throw new Fault("device_failed", `${packageName} could not be removed: ${why}`);
    },
    packages,
    async properties(options) {
      const { output } = await shell(["getprop"], options);
      const pairs = [...output.matchAll(/^\[([^\]]+)\]: \[(.*)\]\r?$/gm)];
      return Object.fromEntries(pairs.map((match) => [match[1] ?? "", match[2] ?? ""]));
    },
    async screenshot(options) {
      const png = await run("screencap -p", options);
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

async function featuresOf(
  door: ServerDoor,
  serial: string,
  { timeoutMs }: { timeoutMs: number },
): Promise<string[]> {
  const what = "the adb server did not say what the phone can do";
  const answer = await door.ask(`host-serial:${serial}:features`, { timeoutMs, what });
  return answer.split(",").filter(Boolean);
}

type Script = (lines: readonly string[], options: ShellOptions) => Promise<ShellResult>;

async function install(
  phone: Pick<AdbDevice, "open" | "shell"> & { script: Script },
  apkPath: string,
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> {
  const remote = `/data/local/tmp/${randomUUID()}.apk`;
  let output: string;
  try {
    await pushFile(phone, { from: apkPath, to: remote }, options);
    // Removed by the same shell: opening one costs more than what it does.
    ({ output } = await phone.script([`pm install -r ${remote}`, `rm -f ${remote}`], options));
  } catch (error) {
    await phone.shell(["rm", "-f", remote], { timeoutMs: 5000 }).catch(() => undefined);
    throw error;
  }
  if (/^Success/m.test(output)) return;
  const why = /Failure \[([^\]]*)\]/.exec(output)?.[1] ?? output.trim().slice(0, 300);
  throw new Fault("install_failed", `The phone refused the app: ${why}`);
}

async function waitBooted(
  shell: AdbDevice["shell"],
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const until = performance.now() + timeoutMs;
  // A probe may hang on a connection of the boot before; the next one does not. A slow phone is given more time from probe to probe.
  let pauseMs = lookAgain.firstMs;
  for (let probeMs = 400; ; probeMs = Math.min(probeMs * 2, 3000)) {
    signal.throwIfAborted();
    const left = until - performance.now();
    if (left <= 0)
      throw new Fault(
        "timed_out",
        `The phone did not finish booting in ${Math.round(timeoutMs / 1000)} s.`,
      );
    const probe = shell(["getprop", "sys.boot_completed"], { timeoutMs: Math.min(left, probeMs) });
    const answer = await probe.catch(() => null);
    if (answer?.output.trim() === "1") return;
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * lookAgain.growth, lookAgain.longestMs);
  }
}

/** Runs a command line; gives all it printed. */
async function runLine(
  open: AdbDevice["open"],
  line: string,
  { timeoutMs, signal, maxBytes = maxOutputBytes }: ShellOptions,
): Promise<Buffer> {
  const started = performance.now();
  const stream = await open(`shell:${line}`, { timeoutMs, ...(signal ? { signal } : {}) });
  const left = timeoutMs - (performance.now() - started);
  try {
    const limits = { timeoutMs: left, signal, what: "the phone did not answer in time" };
    return await within(readAll(stream, maxBytes), limits, (why) => stream.destroy(why));
  } catch (error) {
    throw toPhoneFault(error);
  } finally {
    stream.destroy();
  }
}

async function readAll(stream: Duplex, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Fault("too_large", "The phone printed too much.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
