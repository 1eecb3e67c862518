import { connect } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import { systemSource } from "../source.ts";
import { silent } from "../testing.ts";
import { type HttpServer, startHttp } from "./server.ts";
import { anyone, router, signedIn } from "./trpc.ts";

let server: HttpServer;
let charged = 0;

beforeAll(async () => {
  server = await startHttp({
    host: "127.0.0.1",
    port: 0,
    routes: [],
    limiter: null,
    source: systemSource,
    logger: silent,
    authenticate: () => Promise.reject(new Error("no")),
    router: router({
      charge: anyone.input(z.object({ amountMinor: z.int().min(1) })).mutation(() => {
        charged++;
        return { charged };
      }),
      me: signedIn.query(() => "me"),
      breaks: anyone.query(() => {
        throw new Error("the password is hunter2");
      }),
    }),
  });
});
afterAll(() => server.stop());

const url = (path: string): string => `http://127.0.0.1:${server.port}${path}`;
const json = { "content-type": "application/json" };
const good = JSON.stringify({ amountMinor: 1 });

const post = (
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = json,
) => fetch(url(path), { method: "POST", body, headers });

/** Does it, and wants nothing charged by it. */
async function chargesNothing<T>(work: () => Promise<T>): Promise<T> {
  const before = charged;
  const result = await work();
  expect(charged, "nothing was charged").toBe(before);
  return result;
}

async function expectAlive(): Promise<void> {
  expect((await post("/trpc/charge", good)).status).toBe(200);
}

test.each([
  [
    "multipart/form-data; boundary=x",
    `--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--`,
  ],
  ["application/x-www-form-urlencoded", "amountMinor=1"],
  ["text/plain", good],
  ["no type", good],
])("a post of %s is refused: another site's page could send it", async (type, body) => {
  const headers = type === "no type" ? {} : { "content-type": type };
  const response = await chargesNothing(() =>
    post("/trpc/charge", new TextEncoder().encode(body), headers),
  );
  expect(response.status).toBe(415);
  expect(await response.json()).toMatchObject({ error: { code: "bad_input" } });
});

test("eleven calls in one request are refused, and none of them is made", async () => {
  const batch = (count: number) => {
    const calls = Object.fromEntries(
      Array.from({ length: count }, (_, n) => [n, { amountMinor: 1 }]),
    );
    const path = Array.from({ length: count }, () => "charge").join(",");
    return post(`/trpc/${path}?batch=1`, JSON.stringify(calls));
  };
  const refused = await chargesNothing(() => batch(11));
  expect(refused.status).toBeGreaterThanOrEqual(400);
  const before = charged;
  expect((await batch(10)).status).toBe(200);
  expect(charged - before).toBe(10);
});

test("2,000 calls in one request are refused in words, none of them is made, and none is counted as one", async () => {
  const path = Array.from({ length: 2000 }, () => "charge").join(",");
  const refused = await chargesNothing(() => post(`/trpc/${path}?batch=1`, "{}"));
  expect(refused.status).toBe(413);
  expect(await refused.json()).toMatchObject({
    error: {
      message: expect.stringContaining("at most 10 calls, and this one 2000"),
      data: { fault: "too_large" },
    },
  });
  const longer = Array.from({ length: 2000 }, () => "accounts.login").join(",");
  const cut = await chargesNothing(() => post(`/trpc/${longer}?batch=1`, "{}"));
  expect(cut.status).toBe(431);
  expect(await cut.text()).toContain("fewer calls at a time");
  await expectAlive();
});

test.each(["nul \\u0000", "half \\ud800"])(
  "text that no database keeps (%s) is refused in words, deep inside and in a name too",
  async (text) => {
    for (const body of [`{"amountMinor":1,"a":["${text}"]}`, `{"amountMinor":1,"${text}":1}`]) {
      const response = await chargesNothing(() => post("/trpc/charge", body));
      expect(response.status).toBe(400);
      expect(await response.text()).toContain("half of a character");
    }
  },
);

test("a GET makes no change", async () => {
  const response = await chargesNothing(() =>
    fetch(url(`/trpc/charge?input=${encodeURIComponent(good)}`)),
  );
  expect(response.status).toBe(405);
});

test("JSON that is nested without end is refused in words, and the hub lives", async () => {
  const deep = `${"[".repeat(300_000)}${"]".repeat(300_000)}`;
  const response = await chargesNothing(() => post("/trpc/charge", deep));
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("nested at most 32 levels");
  const asked = await fetch(url(`/trpc/me?input=${"[".repeat(40)}${"]".repeat(40)}`));
  expect(asked.status).toBe(400);
  expect(await asked.text()).toContain("nested at most 32 levels");
  await expectAlive();
});

test("a WebSocket's message that is nested too deep closes it with a word why, unread", async () => {
  const deep = new WebSocket(url("/trpc").replace("http", "ws"));
  await once(deep, "open");
  deep.send(`${"[".repeat(300_000)}${"]".repeat(300_000)}`);
  const [code, reason] = (await once(deep, "close")) as [number, Buffer];
  expect([code, String(reason)]).toEqual([1008, "JSON may be nested at most 32 levels deep."]);
  await expectAlive();
});

test.each(["{", "", "null", '"x"', '{"amountMinor":"1"}', '{"amountMinor":0.5}', "[]"])(
  "the body %s is refused as bad input, without a stack",
  async (body) => {
    const response = await chargesNothing(() => post("/trpc/charge", body));
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text).not.toMatch(/ {4}at |node_modules|\.ts:/);
  },
);

test("a body that says it has 50 MB is refused before it is read", async () => {
  const socket = connect(server.port, "127.0.0.1");
  const closed = once(socket, "close").then(() => "nothing");
  const heard = once(socket, "data").then(([data]) => String(data));
  // Nothing of it is sent: who waits for it waits in vain.
  socket.write(
    `POST /trpc/charge HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${50 * 1024 ** 2}\r\n\r\n`,
  );
  const answer = await chargesNothing(() => Promise.race([heard, closed]));
  expect(answer).toContain("HTTP/1.1 413");
  expect(answer).toContain("A request may have at most 1 MiB.");
  socket.destroy();
  await expectAlive();
});

test("a body of 50 MB that does not say its length is cut off, and charges nothing", async () => {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  let sent = 0;
  socket.write(
    "POST /trpc/charge HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
  await chargesNothing(async () => {
    while (!socket.destroyed && sent < 50 * 1024 ** 2) {
      sent += 65_536;
      if (!socket.write(chunk))
        await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
    }
    socket.destroy();
    await closed;
  });
  expect(sent, "it was cut off on the way").toBeLessThan(50 * 1024 ** 2);
  await expectAlive();
});

test("a body of 2 MiB that does not say its length is refused in words, and charges nothing", async () => {
  const body = new Blob([" ".repeat(2 * 1024 ** 2)]).stream();
  const response = await chargesNothing(() =>
    fetch(url("/trpc/charge"), { method: "POST", headers: json, body, duplex: "half" }),
  );
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({
    error: { message: "A request may have at most 1 MiB.", data: { fault: "too_large" } },
  });
  await expectAlive();
});

test("what breaks inside is told as such, and its cause stays inside", async () => {
  const response = await fetch(url("/trpc/breaks"));
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(text).toContain("Something went wrong inside the hub");
  expect(text).not.toContain("hunter2");
});

test("who is not signed in is told to sign in", async () => {
  const response = await fetch(url("/trpc/me"));
  expect(response.status).toBe(401);
  expect(await response.text()).toContain("cloudphone login");
});

test.each(["/nothing", "/trpc/nothing", "/apps/../../etc/passwd", "/%00", "/%"])(
  "there is nothing at %s, which is said in words",
  async (path) => {
    const response = await fetch(url(path));
    expect(response.status).toBe(404);
    expect(((await response.json()) as { error: { message: string } }).error.message).toBeTruthy();
  },
);

test("a request line that is none closes its connection alone", async () => {
  const socket = connect(server.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => undefined);
  socket.resume();
  socket.write("\0\0\0\r\n\r\n");
  await closed;
  await expectAlive();
});

test("a WebSocket elsewhere than at /trpc is not opened, and one that says too much is closed", async () => {
  const elsewhere = new WebSocket(url("/other").replace("http", "ws"));
  const [error] = await once(elsewhere, "error");
  expect(error).toBeInstanceOf(Error);
  const loud = new WebSocket(url("/trpc").replace("http", "ws"));
  loud.on("error", () => undefined);
  await once(loud, "open");
  loud.send("x".repeat(2 * 1024 ** 2));
  await once(loud, "close");
  await expectAlive();
});
