import { smallApk } from "@cloudphone/testing/apk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpServer, startHttp } from "../../platform/http/server.ts";
import { type Caller, router } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { silent, until } from "../../platform/testing.ts";
import { customerOf, leaseTo } from "../testing-customers.ts";
import { admin, allocateRequest, type CoreBench, startCore } from "../testing.ts";

let bench: CoreBench;
let server: HttpServer;
let ann: Caller;
beforeAll(async () => {
  bench = await startCore();
  await bench.host(8);
  ann = await customerOf(bench, "ann");
  server = await startHttp({
    host: "127.0.0.1",
    port: 0,
    router: router({}),
    routes: bench.core.routes,
    limiter: null,
    source: systemSource,
    logger: silent,
    authenticate: async () => ann,
  });
});
afterAll(async () => {
  await server.stop();
  await bench.core.stop();
  await bench[Symbol.asyncDispose]();
});

const operator: Caller = { ...admin, role: "operator" };
const set = (change: { devices?: number | null; storageBytes?: number; sessions?: number }) =>
  bench.as(operator).quotas.set({ account: ann.email, ...change });
const standing = () => bench.as(ann).quotas.show();
const upload = (name: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${server.port}/apps`, {
    method: "POST",
    headers: { authorization: "Bearer x", "x-file-name": name, ...headers },
    body: new Uint8Array(smallApk()),
  });

test("a customer who has as many phones as the account may have gets no further one, and is told why", async () => {
  await set({ devices: 1 });
  await leaseTo(bench, ann);
  expect(await standing()).toMatchObject({ limits: { devices: 1 }, used: { devices: 1 } });
  const request = allocateRequest();
  await bench.say("context:billing", {
    ...request,
    data: { ...request.data, userId: ann.userId },
  });
  const failed = await bench.heard("device.allocate.failed", request.subject);
  expect(failed.data).toMatchObject({
    reason: expect.stringContaining("may have one phone at a time"),
  });
  expect(await set({ devices: null })).toMatchObject({ limits: { devices: 1000 } });
  await leaseTo(bench, ann);
});

test("what does not fit into an account's storage is refused, until something is removed", async () => {
  const { length } = smallApk();
  await set({ storageBytes: length - 1 });
  const refused = await upload("a.apk");
  expect(refused.status).toBe(413);
  expect(await refused.text()).toContain("does not fit");
  await set({ storageBytes: length });
  const { appId } = (await (await upload("a.apk")).json()) as { appId: string };
  expect((await upload("a.apk")).status, "the same again takes nothing more").toBe(201);
  expect((await standing()).used.storageBytes).toBe(length);
  const [device] = await bench.as(ann).devices.list();
  const copy = { device: device?.deviceId ?? "", idempotencyKey: systemSource.id() };
  await expect(bench.as(ann).snapshots.create(copy)).rejects.toThrow("does not fit");
  expect(await bench.as(ann).apps.remove({ app: appId })).toEqual({ appId });
  expect((await standing()).used.storageBytes).toBe(0);
  await bench.as(ann).snapshots.create(copy);
});

test("a form is told to send the package itself", async () => {
  const response = await upload("a.apk", { "content-type": "multipart/form-data; boundary=x" });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("not a form");
});

test("sessions are opened as far as the account may, also by two at once", async () => {
  await set({ sessions: 2 });
  const [device] = await bench.as(ann).devices.list();
  const open = () =>
    bench.as(ann).sessions.open({
      ...{ device: device?.deviceId ?? "", purpose: "adb", idempotencyKey: systemSource.id() },
    });
  const tries = await Promise.allSettled([open(), open(), open(), open()]);
  expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  await expect(open()).rejects.toThrow("may have 2 sessions open at a time and has 2");
});

test("nobody sets their own quota without being allowed to, nor that of somebody who may do more", async () => {
  await expect(bench.as(ann).quotas.set({ account: ann.email, devices: 9 })).rejects.toMatchObject({
    cause: { code: "forbidden" },
  });
  const bob = await customerOf(bench, "bob");
  await expect(bench.as(bob).quotas.show({ account: ann.email })).rejects.toMatchObject({
    cause: { code: "forbidden" },
  });
  await bench.databases.core.query`update users set role = 'admin' where id = ${bob.userId}`;
  await expect(bench.as(operator).quotas.set({ account: bob.email, devices: 0 })).rejects.toThrow(
    "may do more than you",
  );
  await until("the change to be told", async () => {
    const told = await bench.heard("user.quota.changed", ann.userId);
    return (told.data as { sessions: number }).sessions === 2;
  });
});
