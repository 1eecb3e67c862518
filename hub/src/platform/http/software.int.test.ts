import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { pino } from "pino";
import { expect, test } from "vitest";
import { systemSource } from "../source.ts";
import { sendFault } from "./route.ts";
import { softwareRoutes } from "./software.ts";
import type { RequestContext } from "./trpc.ts";

const run = promisify(execFile);

/** A server with nothing but the two routes. */
async function serve(options: { root?: string } = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-software-"));
  const routes = softwareRoutes({ dir, ...options });
  const context: RequestContext = {
    caller: null,
    source: systemSource,
    correlationId: systemSource.id(),
    address: "127.0.0.1",
    logger: pino({ level: "silent" }),
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://hub");
    const route = routes.find((one) => one.path === url.pathname);
    route
      ?.handle({ request, response, url, params: {}, context })
      .catch((error: unknown) => sendFault({ response, context }, error));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    dir,
    get: (what: string) => fetch(`http://127.0.0.1:${port}${what}`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

test("a hub gives its installer, and its own files without packages and tests", async () => {
  await using hub = await serve();
  const installer = await (await hub.get("/install/agent.sh")).text();
  expect(installer).toMatch(/^#!\/bin\/sh\n/);
  const answers = await Promise.all([1, 2].map(() => hub.get("/install/cloudphone.tar.gz")));
  const [bytes, again] = await Promise.all(answers.map((answer) => answer.bytes()));
  expect(bytes).toEqual(again);
  const file = path.join(hub.dir, "got.tar.gz");
  await writeFile(file, bytes ?? "");
  const { stdout } = await run("tar", ["-tzf", file]);
  for (const name of [
    "bin/install-production",
    "agent/src/agent.ts",
    "pnpm-lock.yaml",
    "deploy/systemd/cloudphone-agent.service",
  ])
    expect(stdout.split("\n")).toContain(name);
  expect(stdout).not.toMatch(/node_modules|\.test\.ts/);
});

test("a hub that can't pack says so, and does not stay so", async () => {
  await using hub = await serve({ root: "/nonexistent" });
  for (let asked = 0; asked < 2; asked++)
    expect((await hub.get("/install/cloudphone.tar.gz")).status).toBe(503);
  expect((await hub.get("/install/agent.sh")).status).toBe(404);
});
