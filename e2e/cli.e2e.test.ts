import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { realApk } from "@cloudphone/testing/apk";
import { missingEngines } from "@cloudphone/testing/engines";
import { databaseFolder } from "@cloudphone/testing/folder";
import { expect, test } from "vitest";
import { eventually } from "./api.ts";
import { startEngines } from "./engines.ts";
import { startProgram } from "./program.ts";
import { Terminal } from "./terminal.ts";

const run = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

/** What opens a session with a phone: it and the host meet at one hub, and the host's is the first. */
const sessionCommands = new Set(["input", "clipboard", "record"]);

/** The whole platform by its one command, and a terminal to type at it; with a second hub beside the first, what is typed goes to each of them in turn. */
async function platform(env: Record<string, string>, { secondHub = false } = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-cli-"));
  const [http, mqtt] = [await freePort(), await freePort()];
  const ports = ["--port", String(http), "--mqtt-port", String(mqtt)];
  const up = startProgram(["up", "--data", path.join(dir, "data"), ...ports, "--phones", "1"], {
    env,
  });
  await eventually(
    async () => (up.output().includes("is up at") ? true : null),
    60_000,
    `the start: ${up.output()}`,
  );
  const beside = secondHub ? await anotherHub(dir, env) : null;
  const first = new Terminal(dir, () => `http://127.0.0.1:${http}`);
  // A sign-in is for one address: with two, one types at two terminals.
  const terminals = beside ? [first, new Terminal(beside.dir, () => beside.url)] : [first];
  let typed = 0;
  const terminalFor = (args: readonly string[]): Terminal => {
    const opensSession = args.some((word) => sessionCommands.has(word));
    return (opensSession ? first : terminals[typed++ % terminals.length]) ?? first;
  };
  const accounts = JSON.parse(
    await readFile(path.join(dir, "data/hub/first-accounts.json"), "utf8"),
  ) as Record<"admin" | "demo", { email: string; password: string }>;
  return {
    type: (args: readonly string[]) => terminalFor(args).type(args),
    ask: <T>(...args: string[]) => terminalFor(args).ask<T>(...args),
    mqttPort: mqtt,
    async signIn(who: "admin" | "demo") {
      const [last] = (
        await Promise.all(terminals.map((terminal) => terminal.signIn(accounts[who])))
      ).toSorted((one, other) => other.code - one.code);
      return last ?? { code: 1 };
    },
    async [Symbol.asyncDispose]() {
      await beside?.stop();
      up.kill("SIGTERM");
      await up.ended;
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A hub beside the one of `up` in this folder, on the same engines. */
async function anotherHub(dir: string, env: Record<string, string>) {
  const own = path.join(dir, "hub2");
  const hub = startProgram(["hub", "--data", own, "--port", "0"], {
    env: { ...env, CLOUDPHONE_SHARED: path.join(dir, "data/hub") },
  });
  const { httpPort } = await hub.ready;
  return {
    dir: own,
    url: `http://127.0.0.1:${String(httpPort)}`,
    async stop() {
      hub.kill("SIGTERM");
      await hub.ended;
    },
  };
}

/** A tap on the notes in the dock, text that no key types, and a film of it. */
async function touchAndFilm(
  cell: Awaited<ReturnType<typeof platform>>,
  device: string,
): Promise<void> {
  for (const words of [
    ["tap", device, "45", "560"],
    ["text", device, "你好"],
  ])
    expect(await cell.type(["input", ...words])).toMatchObject({ code: 0, stderr: "" });
  await cell.ask("clipboard", "set", device, "von hier 你好");
  expect(await cell.ask("clipboard", "get", device)).toEqual({ text: "von hier 你好" });
  const film = path.join(tmpdir(), `${device}.mp4`);
  const [part] = await cell.ask<{ pictures: number }[]>(
    "record",
    device,
    "-o",
    film,
    "--seconds",
    "2",
  );
  expect(part?.pictures).toBeGreaterThan(0);
  expect((await readFile(film)).toString("latin1", 4, 8)).toBe("ftyp");
  await rm(film);
  const beside = await cell.type(["input", "tap", device, "4500", "560"]);
  expect(beside).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("is not on the screen") as string,
  });
}

/** What a customer types, and then what an operator sees of it. Returns the phone's name while it runs with the app on it. */
async function rent(
  cell: Awaited<ReturnType<typeof platform>>,
  whileInstalled: () => Promise<void>,
): Promise<void> {
  expect((await cell.signIn("demo")).code).toBe(0);
  const { id: orderId, device } = await cell.ask<{ id: string; device: string }>("buy", "Hourly");
  await cell.ask("apps", "upload", realApk);
  const installed = await cell.ask<{ status: string; installationId: string }>(
    "apps",
    "install",
    device,
    "io.appium.settings",
    "--wait",
  );
  expect(installed.status).toBe("installed");
  await whileInstalled();
  const picture = path.join(tmpdir(), `${device}.png`);
  await cell.ask("screenshot", device, "-o", picture);
  expect((await readFile(picture)).subarray(1, 4).toString()).toBe("PNG");
  await rm(picture);
  await touchAndFilm(cell, device);
  await cell.ask("devices", "stop", device, "--wait");
  const usage = await eventually(async () => {
    const [record] = await cell.ask<{ durationMs: number | null; amountMinor: number }[]>("usage");
    return record?.durationMs == null ? null : record;
  });
  expect(usage.durationMs).toBeGreaterThan(0);
  expect(usage.amountMinor).toBe(Math.round((usage.durationMs ?? 0) / 36_000));
  expect((await cell.signIn("admin")).code).toBe(0);
  const saga = await cell.ask<{ status: string; steps: { input: string; at: string }[] }>(
    "sagas",
    "show",
    orderId,
  );
  expect(saga.status).toBe("completed");
  const inputs = saga.steps.map((step) => step.input);
  expect(inputs).toEqual(
    expect.arrayContaining([
      "order.created",
      "payment.held",
      "device.allocated",
      "device.started",
      "payment.captured",
    ]),
  );
  await lookBack(cell, { orderId, installationId: installed.installationId });
  const { stdout } = await cell.type(["events", "tail", "-n", "500", "--no-follow"]);
  for (const type of [
    "order.paid",
    "device.started",
    "app.install.completed",
    "device.stopped",
    "usage.rated",
  ])
    expect(stdout).toContain(type);
}

/** What an operator finds out about a purchase and an install afterwards. */
async function lookBack(
  cell: Awaited<ReturnType<typeof platform>>,
  { orderId, installationId }: { orderId: string; installationId: string },
): Promise<void> {
  const purchase = (await cell.type(["trace", orderId])).stdout;
  expect(purchase).toMatch(/^ +0\.000 s {2}order\.created {2}#/m);
  expect(purchase).toMatch(/─ saga buy-plan: payment taken \(paid, completed\)$/m);
  expect(purchase).toMatch(/ {4}└─ order\.paid /);
  const install = (await cell.type(["trace", installationId])).stdout;
  expect(install).toMatch(/─ command app\.install: done after \d+\.\d{3} s$/m);
  expect(install).toMatch(/└─ app\.install\.completed .*, host /);
  const search = ["events", "search", "--since", "1h", "--subject", orderId, "-n", "1"];
  const [last] = await cell.ask<{ type: string; correlationId: string }[]>(...search);
  expect(last?.type).toBe("order.paid");
  expect((await cell.type(["trace", last?.correlationId ?? ""])).stdout).toBe(purchase);
  const consumers = await cell.ask<{ lag: number; ratePerSecond: number }[]>("consumers");
  expect(Math.max(...consumers.map(({ ratePerSecond }) => ratePerSecond))).toBeGreaterThan(0);
  expect((await cell.type(["dead-letters"])).stdout).toContain("None");
  expect((await cell.type(["dead-letters", "show", "core.hosts", "1"])).code).toBe(5);
}

/** What an operator learns of the machine, before its enrolment and as its agent told the hub. */
async function lookAtMachine(cell: Awaited<ReturnType<typeof platform>>): Promise<void> {
  const { findings } = await cell.ask<{ findings: { check: string; level: string }[] }>(
    "doctor",
    "--for",
    "simulated",
    "--mqtt-port",
    String(cell.mqttPort),
    "--data",
    path.join(tmpdir(), "no-agent-here"),
  );
  const level = (check: string) => findings.find((one) => one.check === check)?.level;
  for (const check of ["hub.http", "hub.mqtt", "hub.websocket", "hub.clock"])
    expect(level(check), check).toBe("ok");
  const [host] = await cell.ask<{ hostId: string; health: { fails: number } | null }[]>("hosts");
  expect(host?.health?.fails).toBeGreaterThanOrEqual(0);
  const shown = await cell.type(["hosts", "show", host?.hostId ?? ""]);
  // On a busy machine its own hub may have been too slow to answer the agent while both started.
  expect(shown.stdout).toMatch(/the hub over MQTT +127\.0\.0\.1:/);
}

test("a customer rents a phone, installs an app, stops it and sees what it cost", async () => {
  await using cell = await platform({});
  await rent(cell, () => Promise.resolve());
  await lookAtMachine(cell);
  const { stdout } = await cell.type(["plans", "--json"]);
  expect(JSON.parse(stdout), "a flag for all is understood behind the command too").toHaveLength(3);
  const refused = await cell.type(["buy", "No such plan"]);
  expect(refused).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/^error: There is no plan .*\n$/),
  });
});

test("the same on two hubs, asked in turn, with Debian's PostgreSQL and Mosquitto instead of a server and a broker of a hub's own", async (context) => {
  const missing = missingEngines();
  if (missing && process.env.CI !== "true") context.skip(missing);
  const dir = await databaseFolder("cloudphone-engines-");
  try {
    await using engines = await startEngines(dir);
    await using cell = await platform(engines.env, { secondHub: true });
    await rent(cell, () => Promise.resolve());
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
});

test("the same over Debian's adb, which sees the app in `pm list packages`", async (context) => {
  const found = await run("adb", ["version"]).then(
    () => true,
    () => false,
  );
  if (!found && process.env.CI !== "true") context.skip("adb is not installed");
  const port = String(await freePort());
  try {
    await using cell = await platform({
      CLOUDPHONE_SIMULATED_FRONT_END: "transport",
      CLOUDPHONE_SIMULATED_ADB_PORT: port,
    });
    await rent(cell, async () => {
      const { stdout } = await run("adb", ["-P", port, "devices"]);
      const serials = [...stdout.matchAll(/^(\S+)\tdevice$/gm)].map((match) => match[1] ?? "");
      const lists = await Promise.all(
        serials.map((serial) =>
          run("adb", ["-P", port, "-s", serial, "shell", "pm list packages"]),
        ),
      );
      expect(lists.map((list) => list.stdout).join(), stdout).toContain(
        "package:io.appium.settings",
      );
    });
  } finally {
    await run("adb", ["-P", port, "kill-server"]).catch(() => undefined);
  }
});
