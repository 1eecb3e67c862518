import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { realApk } from "@cloudphone/testing/apk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./api.ts";
import { Cell } from "./cell.ts";
import { type Program, startProgram } from "./program.ts";

const run = promisify(execFile);
const entry = path.resolve(import.meta.dirname, "../bin/cloudphone.ts");
const megabytes = 50;

interface Typed {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

const adbMissing = await run("adb", ["version"]).then(
  () => null,
  () => "no adb binary here (apt-get install adb)",
);
if (adbMissing && process.env.CI === "true") throw new Error(adbMissing);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

/** Runs a program to its end with this input; what it printed and its exit code. */
async function typed(command: string, args: readonly string[], options: Typing): Promise<Typed> {
  const child = spawn(command, args, { env: { ...process.env, ...options.env } });
  const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // A program that fails at once does not read what it is given.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(late);
  return { stdout, stderr, code: code ?? -1 };
}

interface Typing {
  readonly env?: Record<string, string>;
  readonly input?: string;
}

describe("a phone from anywhere", () => {
  let cell: Cell;
  let device = "";
  let orderId = "";
  /** Types at a terminal of the demo customer, or of somebody else. */
  const type = (args: readonly string[], { who = "demo", input = "" } = {}): Promise<Typed> =>
    typed(process.execPath, [entry, ...args], { env: home(who), input });
  const home = (who: string): Record<string, string> => ({
    CLOUDPHONE_HOME: path.join(cell.dir, who),
    CLOUDPHONE_URL: cell.url,
  });
  const signIn = (who: string, email: string, password: string): Promise<Typed> =>
    typed(process.execPath, [entry, "login", "--email", email], {
      env: { ...home(who), CLOUDPHONE_PASSWORD: password },
    });

  beforeAll(async () => {
    cell = await Cell.start();
    await cell.hostReady();
    ({ orderId } = await cell.buy("Hourly"));
    const [phone] = await cell.customer.query<{ name: string }[]>("devices.list");
    device = phone?.name ?? "";
    const accounts = JSON.parse(
      await readFile(path.join(cell.dir, "hub/first-accounts.json"), "utf8"),
    ) as { demo: { email: string; password: string } };
    await signIn("demo", accounts.demo.email, accounts.demo.password);
    const other = { email: "other@example.com", password: randomUUID() };
    const idempotencyKey = randomUUID();
    await cell.admin.mutate("accounts.create", { ...other, role: "customer", idempotencyKey });
    await signIn("other", other.email, other.password);
  }, 120_000);
  afterAll(async () => {
    await cell?.[Symbol.asyncDispose]();
  });

  const closed = () =>
    cell.admin.query<{ data: { reason: string; bytesFromDevice: number } }[]>("events.list", {
      types: ["session.closed"],
      limit: 1000,
    });

  test("a command's output, errors and exit code come back apart", async () => {
    expect(await type(["shell", device, "echo out; ls /none; exit 7"])).toEqual({
      stdout: "out\n",
      stderr: "ls: /none: No such file or directory\n",
      code: 7,
    });
    const told = await type(["shell", device], { input: "echo typed\nexit 3\n" });
    expect(told.code).toBe(3);
    expect(told.stdout).toContain("typed");
  });

  test("fifty megabytes go there and come back the same", async () => {
    const bytes = randomBytes(megabytes * 1024 ** 2);
    const [up, down] = [path.join(cell.dir, "up.bin"), path.join(cell.dir, "down.bin")];
    await writeFile(up, bytes);
    expect(await type(["push", device, up, "/sdcard/"])).toMatchObject({ stderr: "", code: 0 });
    expect(await type(["pull", device, "/sdcard/up.bin", down])).toMatchObject({ code: 0 });
    const hash = (data: Buffer): string => createHash("sha256").update(data).digest("hex");
    expect(hash(await readFile(down))).toBe(hash(bytes));
    await eventually(async () =>
      (await closed()).some((event) => event.data.bytesFromDevice > bytes.length) ? true : null,
    );
    expect(await type(["pull", device, "/sdcard/none"])).toMatchObject({
      code: 5,
      stderr: "error: /sdcard/none is not on the phone.\n",
    });
  });

  test("somebody else has no phone of that name", async () => {
    const refused = await type(["shell", device, "id"], { who: "other" });
    expect(refused).toMatchObject({ stdout: "", code: 5 });
    expect(refused.stderr).toBe(
      `error: You have no phone called ${device}; \`cloudphone devices list\` shows yours.\n`,
    );
    expect((await type(["sessions"], { who: "other" })).stdout).toContain("Nobody has reached");
  });

  describe.skipIf(adbMissing)(`for adb itself${adbMissing ? `: ${adbMissing}` : ""}`, () => {
    let door: Program;
    let serial = "";
    let port = "";
    const adb = (...args: string[]): Promise<Typed> =>
      typed("adb", ["-P", port, "-s", serial, ...args], {});

    beforeAll(async () => {
      port = String(await freePort());
      door = startProgram(["adb", device], { env: home("demo") });
      serial = await eventually(
        async () => /adb connect (\S+)/.exec(door.output())?.[1] ?? null,
        30_000,
        "the local port",
      );
      await typed("adb", ["-P", port, "connect", serial], {});
      expect((await adb("wait-for-device")).code).toBe(0);
    }, 60_000);
    afterAll(async () => {
      await run("adb", ["-P", port, "kill-server"]).catch(() => undefined);
      door.kill("SIGTERM");
      await door.ended;
    });

    test("it has a shell with exit codes", async () => {
      expect(await adb("shell", "echo out; ls /none; exit 7")).toEqual({
        stdout: "out\n",
        stderr: "ls: /none: No such file or directory\n",
        code: 7,
      });
    });

    test("it pushes and pulls fifty megabytes with an equal hash", async () => {
      const [up, down] = [path.join(cell.dir, "adb-up"), path.join(cell.dir, "adb-down")];
      const bytes = randomBytes(megabytes * 1024 ** 2);
      await writeFile(up, bytes);
      expect((await adb("push", up, "/sdcard/adb-up")).code).toBe(0);
      expect((await adb("pull", "/sdcard/adb-up", down)).code).toBe(0);
      expect((await readFile(down)).equals(bytes)).toBe(true);
    });

    test("it installs a real package, streamed and not", async () => {
      for (const flags of [[], ["--no-streaming"]]) {
        expect((await adb("install", ...flags, realApk)).stdout).toContain("Success");
        expect((await adb("shell", "pm list packages -3")).stdout).toBe(
          "package:io.appium.settings\n",
        );
        expect((await adb("uninstall", "io.appium.settings")).stdout).toContain("Success");
      }
    });

    test("it follows the log", async () => {
      const following = startProgram(["logcat", device, "-f"], { env: home("demo") });
      const child = spawn("adb", ["-P", port, "-s", serial, "logcat"]);
      let seen = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        seen += text;
      });
      await eventually(async () => (seen && following.output() ? true : null));
      await adb("shell", "log heard-by-both");
      await eventually(async () =>
        seen.includes("heard-by-both") && following.output().includes("heard-by-both")
          ? true
          : null,
      );
      child.kill();
      following.kill("SIGKILL");
      await following.ended;
    });

    test("with --connect it is there by itself, again after its line broke, and gone with the command", async () => {
      const own = String(await freePort());
      const ask = async (...args: string[]): Promise<string> =>
        (await typed("adb", ["-P", own, ...args], {})).stdout;
      const env = { ...home("demo"), ANDROID_ADB_SERVER_PORT: own };
      const connecting = startProgram(["adb", device, "--connect"], { env });
      try {
        const address = await eventually(
          async () => /adb connect (\S+)/.exec(connecting.output())?.[1] ?? null,
          30_000,
          "the local port",
        );
        const there = async (): Promise<true | null> =>
          (await ask("-s", address, "shell", "echo there")) === "there\n" ? true : null;
        await eventually(there, 30_000, "the phone");
        await ask("disconnect", address);
        await eventually(there, 30_000, "the phone after its line broke");
        connecting.kill("SIGTERM");
        expect(await connecting.ended).toBe("0");
        expect(await ask("devices")).not.toContain(address);
      } finally {
        connecting.kill("SIGKILL");
        await typed("adb", ["-P", own, "kill-server"], {});
      }
    });

    test("it finds the phone again after the agent, and then the hub, was killed", async () => {
      for (const part of ["agent", "hub"] as const) {
        await cell.killed(part);
        await eventually(
          async () => {
            await typed("adb", ["-P", port, "disconnect", serial], {});
            await typed("adb", ["-P", port, "connect", serial], {});
            return (await adb("shell", "echo back")).stdout === "back\n" ? true : null;
          },
          90_000,
          `the phone after the ${part} was killed`,
        );
      }
      expect(door.output()).toMatch(/broke off|stopped or restarted/);
    });

    test("the lease's end cuts it off and ends the command, which says why", async () => {
      const shell = adb("shell", "sleep 600");
      await eventually(async () => {
        const open = await cell.customer.query<{ closedAt: string | null }[]>("sessions.list");
        return open.some((session) => session.closedAt === null) ? true : null;
      });
      await cell.customer.mutate("orders.end", { orderId, idempotencyKey: randomUUID() });
      await shell;
      expect(await door.ended).toBe("6");
      expect(door.output()).toContain("error: The phone's lease has ended.");
      await eventually(async () =>
        (await closed()).some((event) => event.data.reason === "lease_over") ? true : null,
      );
    });
  });
});
