import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type CoreBench, startCore } from "@cloudphone/hub/core/testing";
import { operationsRouter } from "@cloudphone/hub/platform/http/operations-router";
import { type HttpServer, startHttp } from "@cloudphone/hub/platform/http/server";
import { router } from "@cloudphone/hub/platform/http/trpc";
import { systemSource } from "@cloudphone/hub/platform/source";
import { envelopeOf, registered, silent } from "@cloudphone/hub/platform/testing";
import { Archiver } from "@cloudphone/hub/platform/log/archive/archiver";
import { ArchiveOverview } from "@cloudphone/hub/platform/log/archive/overview";
import { createIngest } from "@cloudphone/hub/platform/log/ingest";
import { Command } from "commander";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type Connection, withHub } from "./client.ts";
import { loadSession, saveSession } from "./session.ts";

let bench: CoreBench;
let http: HttpServer;
let home: string;
/** Tokens that came with a call or a socket. */
const shown: string[] = [];
const account = { email: "admin@example.com", password: "correct horse battery" };

const serve = (port: number): Promise<HttpServer> =>
  startHttp({
    host: "127.0.0.1",
    port,
    routes: [],
    limiter: null,
    source: systemSource,
    logger: silent,
    router: router({
      ...bench.core.routers,
      ...operationsRouter({
        log: bench.log,
        ingest: createIngest(bench.databases.events, bench.log),
        contexts: [],
        consumers: () => [],
        wake: () => undefined,
        archive: new ArchiveOverview(
          new Archiver({
            ...{ database: bench.databases.events, dir: home, keepDays: null, readers: [] },
            logger: silent,
          }),
        ),
      }),
    }),
    authenticate: (token) => {
      shown.push(token);
      return bench.core.authenticate(token);
    },
  });

beforeAll(async () => {
  bench = await startCore();
  await bench.core.ensureAccount({ ...account, role: "admin", demo: false });
  http = await serve(0);
});
afterAll(async () => {
  await http.stop();
  await bench[Symbol.asyncDispose]();
});
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "cloudphone-home-"));
  vi.stubEnv("CLOUDPHONE_HOME", home);
  shown.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

/** Signs in at `url`; the access token in the file is over, as far as the command line can tell. */
async function signIn(url: string): Promise<void> {
  const session = await bench.as(null).accounts.login(account);
  await saveSession({ ...session, url, email: account.email });
  await age();
}

async function age(): Promise<void> {
  const session = await loadSession();
  if (session)
    await saveSession({ ...session, accessExpiresAt: new Date(Date.now() + 1000).toISOString() });
}

const url = (port = http.port): string => `http://127.0.0.1:${port}`;
const me = ({ client }: Connection) => client.accounts.me.query();
const run = <T>(work: (connection: Connection) => Promise<T>): Promise<T> =>
  withHub(new Command(), work);

test("commands that find the sign-in nearly over at the same time renew it once, and stay signed in", async () => {
  await signIn(url());
  const before = await loadSession();
  const all = await Promise.all(Array.from({ length: 6 }, () => run(me)));
  expect(all.map(({ email }) => email)).toEqual(all.map(() => account.email));
  const after = await loadSession();
  expect(after?.refreshToken).not.toBe(before?.refreshToken);
  expect(new Set(shown).size, "one new token for all").toBe(1);
  await age();
  expect(await run(me)).toMatchObject({ email: account.email });
});

test("a sign-in that was ended elsewhere says to sign in again, which it does not stand in the way of", async () => {
  await signIn(url());
  await bench.as(null).accounts.logout({ refreshToken: (await loadSession())?.refreshToken ?? "" });
  await expect(run(me)).rejects.toThrow("sign in again");
  shown.length = 0;
  const again = withHub(new Command(), ({ client }) => client.accounts.login.mutate(account), {
    anyone: true,
  });
  expect((await again).user).toMatchObject({ email: account.email });
  expect(shown).toEqual([]);
});

test("a feed that reconnects shows a token that is good then, and goes on where it was", async () => {
  const own = await serve(0);
  await signIn(url(own.port));
  const seen: string[] = [];
  const say = (email: string) =>
    bench.log.append([
      { stream: `context:${email}`, seq: 1, event: envelopeOf(registered(email)) },
    ]);
  await run(async ({ client }) => {
    const after = await bench.log.head();
    const feed = client.events.live.subscribe(
      { after, types: ["user.registered"] },
      { onData: ({ data }) => void seen.push(String(data.data.email)) },
    );
    await say("first");
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(["first"]);
    const first = shown.at(-1);
    await own.stop();
    await age();
    await say("second");
    const again = await serve(own.port);
    await expect.poll(() => seen, { timeout: 20_000 }).toEqual(["first", "second"]);
    expect(shown.at(-1)).not.toBe(first);
    feed.unsubscribe();
    await again.stop();
  });
});

/** A way to the hub that cuts the first answer to a POST: the request was done, and nobody hears of it. */
async function lossy() {
  let posts = 0;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect(http.port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    let cuts = false;
    client.on("data", (chunk) => {
      if (chunk.toString("latin1").startsWith("POST")) cuts = ++posts === 1;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (cuts) client.destroy();
      else client.write(chunk);
    });
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.destroy());
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    posts: () => posts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
}

async function signInFresh(port: number): Promise<void> {
  const session = await bench.as(null).accounts.login(account);
  await saveSession({ ...session, url: url(port), email: account.email });
}

test("a wish whose answer was lost is sent again under its key, and done once", async () => {
  await using way = await lossy();
  await signInFresh(way.port);
  const email = `bob-${systemSource.id()}@example.com`;
  const made = await run(({ client }) =>
    client.accounts.create.mutate({
      email,
      password: "correct horse battery",
      role: "customer",
      idempotencyKey: systemSource.id(),
    }),
  );
  expect(made).toMatchObject({ email });
  expect(way.posts()).toBe(2);
});

test("what carries no key is not sent again: nobody knows whether it was done", async () => {
  await using way = await lossy();
  await signInFresh(way.port);
  await expect(run(({ client }) => client.hosts.createEnrollment.mutate({}))).rejects.toThrow(
    "fetch failed",
  );
  expect(way.posts()).toBe(1);
});
