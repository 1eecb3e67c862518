import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { agentConfigSchema } from "../config.ts";
import { fail } from "./check.ts";
import { examine } from "./examine.ts";
import { fixAll } from "./fix.ts";
import { thisMachine } from "./machine.ts";
import { subjectOf } from "./subject.ts";

const portOf = (server: { address(): unknown }): number =>
  (server.address() as { port: number }).port;

const subjectHere = (kinds: readonly string[], settings: Record<string, unknown> = {}) =>
  subjectOf({
    config: agentConfigSchema.parse({
      dataDir: path.join(tmpdir(), "no/such/folder"),
      ...settings,
    }),
    kinds: new Set(kinds),
    hub: null,
  });

test("every check can be asked of this machine, and each is told in words within its deadline", async () => {
  const { results, capacity } = await examine(thisMachine(), subjectHere(["docker", "usb"]));
  expect(results.length).toBeGreaterThan(20);
  for (const { check, finding } of results)
    expect(finding.says, check.id).not.toMatch(/could not be told|undefined|NaN/);
  const level = (id: string) => results.find(({ check }) => check.id === id)?.finding.level;
  expect(level("kernel.architecture")).toBe("ok");
  expect(level("disk.data")).not.toBe("skipped");
  expect(capacity?.devices).toBeGreaterThanOrEqual(0);
});

test("the machine tells a missing program, a failing one and one that never ends apart", async () => {
  const { run } = thisMachine();
  expect(await run(["no-such-program-here"])).toBeNull();
  expect(await run(["sh", "-c", "echo said; exit 3"])).toMatchObject({
    exitCode: 3,
    stdout: "said\n",
  });
  expect(await run(["sleep", "60"])).toMatchObject({ exitCode: null });
});

test("the machine tells what a server answers, a closed port, and silence", async () => {
  const { http, exchange } = thisMachine();
  const web = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
  const silent = createTcpServer(() => undefined).listen(0, "127.0.0.1");
  await Promise.all([once(web, "listening"), once(silent, "listening")]);
  try {
    expect(await http({ url: `http://127.0.0.1:${portOf(web)}/` })).toMatchObject({
      status: 200,
      body: "hello",
    });
    const asked = { protocol: "tcp", host: "127.0.0.1", sendHex: "00" } as const;
    expect(await exchange({ ...asked, port: portOf(silent) })).toEqual({ error: "ETIMEDOUT" });
  } finally {
    web.close();
    silent.close();
  }
  const asked = { host: "127.0.0.1", port: 9, sendHex: "00" } as const;
  expect(await exchange({ ...asked, protocol: "tcp" })).toEqual({ error: "ECONNREFUSED" });
  expect(await exchange({ ...asked, protocol: "udp" })).toEqual({ error: "ECONNREFUSED" });
  expect(await http({ url: "http://docker/version", socketPath: "/no/such/socket" })).toEqual({
    error: "ENOENT",
  });
});

test("a safe remedy is really run, and one that fails tells what it said", async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-fix-"));
  const check = { id: "test.file", looksAt: "a file", look: () => Promise.reject(new Error()) };
  const missing = (command: string) => ({
    check,
    finding: fail({ says: "", why: "", remedy: { command, safe: true, root: false } }),
  });
  const commands = [`echo 1 > ${dir}/a && echo 2 > ${dir}/b`, `cat ${dir}/none`];
  const fixed = await fixAll(thisMachine(), commands.map(missing));
  expect(fixed.map(({ outcome }) => outcome)).toEqual(["ran", "failed"]);
  expect(fixed[1]?.said).toContain("No such file");
  expect(await readFile(`${dir}/b`, "utf8")).toBe("2\n");
  await rm(dir, { recursive: true });
});

test("a real TURN server is found over UDP", async (context) => {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-turn-"));
  const free = createSocket("udp4").bind(0, "127.0.0.1");
  await once(free, "listening");
  const port = portOf(free);
  free.close();
  const args = [
    "-n",
    "-L",
    "127.0.0.1",
    "-p",
    String(port),
    "--no-tls",
    "--no-dtls",
    "--no-cli",
    "-z",
    "-l",
    "stdout",
    "--pidfile",
    path.join(dir, "pid"),
    "-b",
    path.join(dir, "db"),
  ];
  const server = spawn("turnserver", args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(server, "exit").catch(() => "missing");
  try {
    const begun = await Promise.race([once(server.stdout, "data").then(() => "begun"), ended]);
    if (begun === "missing" && process.env.CI !== "true")
      context.skip("turnserver (coturn) is not installed");
    const subject = subjectHere(["usb"], { turnUrl: `turn:127.0.0.1:${port}` });
    await expect
      .poll(
        async () => {
          const { results } = await examine(thisMachine(), subject);
          return results.find(({ check }) => check.id === "hub.turn")?.finding.says;
        },
        { timeout: 20_000 },
      )
      .toMatch(/sees this host as 127\.0\.0\.1:\d+$/);
  } finally {
    server.kill("SIGKILL");
    await ended;
    await rm(dir, { recursive: true, force: true });
  }
});
