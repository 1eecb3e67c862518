import type { CommandEnvelope } from "@cloudphone/shared/commands/envelope";
import type { Id } from "@cloudphone/shared/ids";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Caller } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { until } from "../../platform/testing.ts";
import { admin, type CoreBench, startCore } from "../testing.ts";
import { answer, customerOf, leaseTo, sentCommands } from "../testing-customers.ts";

const packageName = "io.appium.settings";

let bench: CoreBench;
let ann: Caller;
let phones: Id[];
beforeAll(async () => {
  bench = await startCore();
  await bench.host(24);
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(async () => {
  ann = await customerOf(bench, "ann");
  phones = [await leaseTo(bench, ann), await leaseTo(bench, ann), await leaseTo(bench, ann)];
  await bench.databases.core.query`
    insert into apps (id, user_id, sha256, bytes, file_name, package_name, label, version_name, version_code)
    values (${systemSource.id()}, ${ann.userId}, ${"ab".repeat(32)}, 1, 'a.apk', ${packageName}, 'Settings', '1', 1)`;
});

type Targets = Parameters<ReturnType<CoreBench["as"]>["apps"]["installBatch"]>[0]["targets"];

const begin = async (targets: Targets, parallel: number | null = null): Promise<Id> => {
  const wish = { app: packageName, targets, parallel, idempotencyKey: systemSource.id() };
  return (await bench.as(ann).apps.installBatch(wish)).batchId;
};
const show = (batchId: Id) => bench.as(ann).apps.batch({ batchId });

/** The installs of this test's phones that their host was asked for, once there are so many. */
const asked = (count: number): Promise<CommandEnvelope[]> =>
  until(`${count} installs`, async () => {
    const mine = sentCommands(bench, "app.install").filter(({ deviceId }) =>
      phones.includes(deviceId),
    );
    return await Promise.resolve(mine.length >= count && mine);
  });
const succeed = (command: CommandEnvelope): Promise<void> => {
  const { id: commandId, deviceId } = command;
  const data = { commandId, deviceId, packageName, downloadMs: 1, installMs: 1 };
  return answer(bench, command, { type: "app.install.completed", subject: deviceId, data });
};
const fail = (command: CommandEnvelope): Promise<void> => {
  const { id: commandId, deviceId } = command;
  const data = { commandId, deviceId, code: "install_failed" as const, reason: "no space" };
  return answer(bench, command, { type: "app.install.failed", subject: deviceId, data });
};
const ended = (batchId: Id) =>
  until("the batch's end", async () => {
    const batch = await show(batchId);
    return batch.endedAt !== null && batch.counts.installing === 0 && batch;
  });

test("a batch asks for two at a time on a host, as the operator allows, and tells each phone's result", async () => {
  const batchId = await begin({ all: true }, 100);
  const [first, second] = await asked(2);
  await bench.settled();
  expect((await asked(2)).length).toBe(2);
  expect((await show(batchId)).counts).toMatchObject({ waiting: 1, installing: 2 });
  await fail(first as CommandEnvelope);
  const third = (await asked(3))[2];
  await succeed(second as CommandEnvelope);
  await succeed(third as CommandEnvelope);
  const batch = await ended(batchId);
  expect(batch.counts).toMatchObject({ installed: 2, failed: 1, waiting: 0 });
  expect(batch.items.find(({ deviceId }) => deviceId === first?.deviceId)).toMatchObject({
    status: "failed",
    reason: "no space",
  });
  const saga = await bench.databases.core.query<{ status: string; phase: string }>`
    select status, phase from sagas where id = ${batchId}`;
  expect(saga).toMatchObject([{ status: "completed", phase: "done" }]);
});

test("a cancelled batch lets what is under way end, and installs nowhere else", async () => {
  const batchId = await begin({ devices: phones }, 1);
  const [first] = await asked(1);
  await bench.as(ann).apps.cancelBatch({ batchId });
  await until("the cancellation", async () => (await show(batchId)).counts.cancelled === 2);
  await succeed(first as CommandEnvelope);
  const batch = await ended(batchId);
  expect(batch.counts).toMatchObject({ installed: 1, cancelled: 2 });
  expect(
    sentCommands(bench, "app.install").filter(({ deviceId }) => phones.includes(deviceId)),
  ).toHaveLength(1);
});

test("a phone that is off when its turn comes fails alone, with the reason", async () => {
  await bench.as(ann).devices.stop({ device: phones[0] ?? "" });
  const batchId = await begin({ devices: phones.slice(0, 2) });
  const [only] = await asked(1);
  await succeed(only as CommandEnvelope);
  const batch = await ended(batchId);
  expect(batch.counts).toMatchObject({ installed: 1, failed: 1 });
  expect(batch.items.find(({ deviceId }) => deviceId === phones[0])?.reason).toContain(
    "switched off",
  );
});

test("labels mean the phones that carry them all, and go with the lease", async () => {
  const [device = "", other = ""] = phones;
  await bench.as(ann).devices.label({ device, labels: { team: "checkout", app: "1" } });
  await bench.as(ann).devices.label({ device: other, labels: { team: "checkout" } });
  const { labels } = await bench.as(ann).devices.label({ device, labels: { app: null } });
  expect(labels).toEqual({ team: "checkout" });
  const batchId = await begin({ labels: { team: "checkout" } });
  const commands = await asked(2);
  for (const command of commands) await succeed(command);
  const batch = await ended(batchId);
  expect(batch.items.map(({ deviceId }) => deviceId).toSorted()).toEqual(
    [device, other].toSorted(),
  );
  const lease = (await bench.as(ann).devices.show({ device })).lease;
  const release = { orderId: lease?.orderId ?? "", reason: "over" };
  await bench.say("context:billing", {
    type: "device.release.requested",
    subject: release.orderId,
    data: release,
  });
  await bench.heard("device.released", release.orderId);
  expect((await bench.as(admin).devices.show({ device })).labels).toEqual({});
});

test("nothing is begun for what is not the customer's, nor for no phone at all", async () => {
  const bob = await customerOf(bench, "bob");
  const foreign = await leaseTo(bench, bob);
  const notFound = { cause: { code: "not_found" } };
  await expect(begin({ devices: [phones[0] ?? "", foreign] })).rejects.toMatchObject(notFound);
  await expect(begin({ labels: { team: "none" } })).rejects.toMatchObject(notFound);
  await expect(begin({ devices: [] })).rejects.toThrow();
  const batchId = await begin({ all: true });
  await expect(bench.as(bob).apps.batch({ batchId })).rejects.toMatchObject(notFound);
  await expect(bench.as(bob).apps.cancelBatch({ batchId })).rejects.toMatchObject(notFound);
  expect(await bench.as(bob).apps.batches()).toEqual([]);
});

test("the same key begins one batch, however often it is sent", async () => {
  const wish = {
    app: packageName,
    targets: { all: true } as const,
    idempotencyKey: systemSource.id(),
  };
  const first = await bench.as(ann).apps.installBatch(wish);
  expect(await bench.as(ann).apps.installBatch(wish)).toEqual(first);
  expect(await bench.as(ann).apps.batches()).toHaveLength(1);
});

test("installations come in pages, newest first, each once, and by their phone", async () => {
  await begin({ all: true });
  await bench.databases.core.query`
    update installations set created_at = '2026-01-01' where user_id = ${ann.userId}`;
  const list = (page: object) => bench.as(ann).apps.installations({ limit: 2, ...page });
  const first = await list({});
  const second = await list({ before: first.at(-1)?.installationId });
  expect(second).toHaveLength(1);
  const seen = [...first, ...second].map(({ deviceId }) => deviceId);
  expect(seen.toSorted()).toEqual(phones.toSorted());
  expect(await list({ device: first[0]?.device })).toEqual(first.slice(0, 1));
  const bob = await customerOf(bench, "bob");
  const before = first[0]?.installationId ?? "";
  expect(await bench.as(bob).apps.installations({ before })).toEqual([]);
});
