import { createHash } from "node:crypto";
import { readdir, readFile, utimes } from "node:fs/promises";
import { basename } from "node:path";
import { realApk, zipOf } from "@cloudphone/testing/apk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signPath } from "../../platform/auth/tokens.ts";
import { type HttpServer, startHttp } from "../../platform/http/server.ts";
import { router } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { silent } from "../../platform/testing.ts";
import { admin, type CoreBench, startCore } from "../testing.ts";
import { blobPath } from "./blobs.ts";
import { sweepBlobs } from "./sweep.ts";

const minuteMs = 60_000;
const customer = {
  userId: systemSource.id(),
  email: "ann@example.com",
  role: "customer" as const,
};

let bench: CoreBench;
let server: HttpServer;
let apk: Buffer;
beforeAll(async () => {
  bench = await startCore();
  apk = await readFile(realApk);
  server = await startHttp({
    host: "127.0.0.1",
    port: 0,
    router: router({}),
    routes: bench.core.routes,
    limiter: null,
    source: systemSource,
    logger: silent,
    audit: bench.core.audit,
    authenticate: async (bearer) => (bearer === "staff" ? admin : customer),
  });
});
afterAll(async () => {
  await server.stop();
  await bench[Symbol.asyncDispose]();
});

const url = (path: string): string => `http://127.0.0.1:${server.port}${path}`;
const signed = (path: string, ms = minuteMs): string =>
  signPath(bench.deps.secrets.pathKey, path, systemSource.now() + ms);

const upload = (body: Buffer, headers: Record<string, string> = { authorization: "Bearer x" }) =>
  fetch(url("/apps"), { method: "POST", headers, body: new Uint8Array(body) });

const stored = async (): Promise<string[]> =>
  (await readdir(bench.deps.blobDir, { recursive: true })).toSorted();

test("a package is had under its own sum by whoever holds a signed address, whole or in part", async () => {
  const response = await upload(apk);
  expect(response.status).toBe(201);
  const { sha256 } = (await response.json()) as { sha256: string };
  expect(sha256).toBe(createHash("sha256").update(apk).digest("hex"));
  const whole = await fetch(url(signed(`/blobs/${sha256}`)));
  expect(Buffer.from(await whole.arrayBuffer()).equals(apk)).toBe(true);
  const part = await fetch(url(signed(`/blobs/${sha256}`)), {
    headers: { range: "bytes=100-199" },
  });
  expect(part.status).toBe(206);
  expect(Buffer.from(await part.arrayBuffer()).equals(apk.subarray(100, 200))).toBe(true);
});

test("without a signature, with another file's, or after its time, nothing is given", async () => {
  const { sha256 } = (await (await upload(apk)).json()) as { sha256: string };
  const other = signed(`/blobs/${"0".repeat(64)}`).split("?")[1];
  for (const address of [
    `/blobs/${sha256}`,
    `/blobs/${sha256}?${other}`,
    signed(`/blobs/${sha256}`, -1),
  ]) {
    const response = await fetch(url(address));
    expect(response.status).toBe(403);
    await response.body?.cancel();
  }
});

test("a screenshot is taken from a signed address alone, and must be a picture", async () => {
  const path = `/screenshots/${systemSource.id()}`;
  const before = await stored();
  const put = (address: string, body: string) => fetch(url(address), { method: "PUT", body });
  expect((await put(path, "x")).status).toBe(403);
  expect((await put(signed(path), "no picture")).status).toBe(400);
  expect(
    (await stored()).filter((file) => !before.includes(file) && file !== "screenshots"),
  ).toEqual([]);
});

test("an upload by staff is in the audit log with its file's name and what came of it, a customer's own is not", async () => {
  const headers = { authorization: "Bearer staff", "x-file-name": "tool.apk" };
  expect((await upload(Buffer.from("hello"), headers)).status).toBe(422);
  expect((await upload(apk, headers)).status).toBe(201);
  expect((await upload(apk)).status).toBe(201);
  const of = { by: admin.email, act: "apps.upload", asked: { fileName: "tool.apk" } };
  expect(await bench.as(admin).audit.list({ act: "apps" })).toMatchObject([
    { ...of, outcome: "ok" },
    { ...of, outcome: "bad_package" },
  ]);
});

test("an upload by nobody, of no package, of nothing or of too much is refused in words and leaves nothing behind", async () => {
  const before = await stored();
  const refusals: [Response, number][] = [
    [await upload(apk, {}), 401],
    [await upload(Buffer.from("hello")), 422],
    [await upload(zipOf("../../x", Buffer.from("x"))), 422],
    [await upload(Buffer.alloc(0)), 400],
    [await upload(Buffer.alloc(bench.deps.maxAppBytes + 1)), 413],
  ];
  for (const [response, status] of refusals) {
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message).toMatch(/\.$/);
  }
  expect(await stored()).toEqual(before);
});

test("a package that nobody has any more is deleted after a day, one that somebody has or has just sent is not", async () => {
  const { deps } = bench;
  const send = async (body: Buffer): Promise<string> => {
    const response = await upload(body);
    return ((await response.json()) as { sha256: string }).sha256;
  };
  // Behind the end of a ZIP's directory there may be anything; its sum is another.
  const [removed, kept, young] = [
    await send(padded(1)),
    await send(padded(2)),
    await send(padded(3)),
  ];
  const age = async (sha256: string): Promise<void> => {
    const old = (systemSource.now() - 25 * 60 * minuteMs) / 1000;
    await utimes(blobPath(deps.blobDir, sha256), old, old);
  };
  await age(removed);
  await age(kept);
  await deps.database.query`update apps set removed = true where sha256 = any(${[removed, young]})`;
  await sweepBlobs(deps);
  const files = (await stored()).map((file) => basename(file));
  expect(files).not.toContain(removed);
  expect(files).toEqual(expect.arrayContaining([kept, young]));
  expect(files.filter((name) => name.endsWith(".gone"))).toEqual([]);
  // Sent once more, it is there again, and stays.
  expect(await send(padded(1))).toBe(removed);
  await age(removed);
  await sweepBlobs(deps);
  expect((await stored()).map((file) => basename(file))).toContain(removed);
});

/** A package that differs from others by its comment (APPNOTE 4.3.16: its length is the last field). */
function padded(length: number): Buffer {
  const body = Buffer.concat([apk, Buffer.alloc(length, "x")]);
  body.writeUInt16LE(length, apk.length - 2);
  return body;
}
