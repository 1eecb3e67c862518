import type { Id } from "@cloudphone/shared/ids";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Caller } from "../../platform/http/trpc.ts";
import { systemSource } from "../../platform/source.ts";
import { until } from "../../platform/testing.ts";
import { admin, type BenchHost, type CoreBench, startCore } from "../testing.ts";
import { answer, customerOf, leaseTo, sent } from "../testing-customers.ts";

let bench: CoreBench;
let host: BenchHost;
let ann: Caller;
let device: Id;
beforeAll(async () => {
  bench = await startCore();
  host = await bench.host(10);
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(async () => {
  ann = await customerOf(bench, "ann");
  device = await leaseTo(bench, ann);
});

const key = (): string => systemSource.id();
const refusal = (code: string) => ({ cause: { code } });

/** Asks for a snapshot and answers as its host would. */
async function taken(): Promise<Id> {
  const { snapshotId, commandId } = await bench
    .as(ann)
    .snapshots.create({ device, idempotencyKey: key() });
  const command = await sent(bench, "snapshot.create", ({ id }) => id === commandId);
  const data = { commandId, deviceId: device, snapshotId, bytes: 1000 };
  await answer(bench, command, { type: "snapshot.create.completed", subject: device, data });
  await until("the snapshot", async () =>
    (await bench.as(ann).snapshots.list()).some(({ state }) => state === "ready"),
  );
  return snapshotId;
}

test("a snapshot is taken under the lease, ready once its host has said so, and gone once it was deleted", async () => {
  const snapshotId = await taken();
  const command = await sent(bench, "snapshot.create", ({ id }) => id === snapshotId);
  expect(command).toMatchObject({ deviceId: device, data: { snapshotId }, token: 1 });
  await bench.settled();
  expect(await bench.as(ann).snapshots.list()).toMatchObject([
    { snapshotId, bytes: 1000, state: "ready", hostId: host.hostId },
  ]);
  const { commandId } = await bench.as(ann).snapshots.delete({ snapshotId, idempotencyKey: key() });
  const deletion = await sent(bench, "snapshot.delete", ({ id }) => id === commandId);
  expect((await bench.as(ann).snapshots.list())[0]?.state).toBe("deleting");
  const data = { commandId, deviceId: device, snapshotId };
  await answer(bench, deletion, { type: "snapshot.delete.completed", subject: device, data });
  await until("its end", async () => (await bench.as(ann).snapshots.list()).length === 0);
});

test("a snapshot goes back on a phone of its owner, and on nobody else's", async () => {
  const snapshotId = await taken();
  const other = await leaseTo(bench, ann);
  const { commandId } = await bench
    .as(ann)
    .snapshots.restore({ snapshotId, device: other, idempotencyKey: key() });
  const command = await sent(bench, "snapshot.restore", ({ id }) => id === commandId);
  expect(command).toMatchObject({ deviceId: other, data: { snapshotId } });
  const bob = await customerOf(bench, "bob");
  const foreign = await leaseTo(bench, bob);
  const wish = { snapshotId, device: foreign, idempotencyKey: key() };
  await expect(bench.as(bob).snapshots.restore(wish)).rejects.toMatchObject(refusal("not_found"));
  await expect(bench.as(ann).snapshots.restore(wish)).rejects.toMatchObject(refusal("not_found"));
  // Staff see both, and may put them together no more than their owners.
  await expect(bench.as(admin).snapshots.restore(wish)).rejects.toMatchObject(refusal("forbidden"));
  const gone = { snapshotId, idempotencyKey: key() };
  await expect(bench.as(bob).snapshots.delete(gone)).rejects.toMatchObject(refusal("not_found"));
});

test("a snapshot stays on its host", async () => {
  const snapshotId = await taken();
  const elsewhere = await bench.host(10);
  const far = await leaseTo(bench, ann);
  await bench.databases.core
    .query`update devices set host_id = ${elsewhere.hostId} where id = ${far}`;
  const wish = { snapshotId, device: far, idempotencyKey: key() };
  await expect(bench.as(ann).snapshots.restore(wish)).rejects.toMatchObject(refusal("conflict"));
});

test("a customer has so many at the most; one that could not be taken does not count", async () => {
  const { commandId } = await bench.as(ann).snapshots.create({ device, idempotencyKey: key() });
  const command = await sent(bench, "snapshot.create", ({ id }) => id === commandId);
  const data = { commandId, deviceId: device, code: "disk_full" as const, reason: "No room." };
  await answer(bench, command, { type: "snapshot.create.failed", subject: device, data });
  await until("its failure", async () =>
    (await bench.as(ann).snapshots.list()).some(
      ({ state, reason }) => state === "failed" && reason === "No room.",
    ),
  );
  await taken();
  // Two at once for the last place.
  const both = await Promise.allSettled([
    bench.as(ann).snapshots.create({ device, idempotencyKey: key() }),
    bench.as(ann).snapshots.create({ device, idempotencyKey: key() }),
  ]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(both.find(({ status }) => status === "rejected")).toMatchObject({
    reason: refusal("too_large"),
  });
});

test("a snapshot that is not ready is neither restored nor deleted; the same key takes one", async () => {
  const wish = { device, name: "mine", idempotencyKey: key() };
  const first = await bench.as(ann).snapshots.create(wish);
  expect(await bench.as(ann).snapshots.create(wish)).toEqual(first);
  expect(await bench.as(ann).snapshots.list()).toMatchObject([{ name: "mine", state: "pending" }]);
  const { snapshotId } = first;
  await expect(
    bench.as(ann).snapshots.restore({ snapshotId, device, idempotencyKey: key() }),
  ).rejects.toMatchObject(refusal("conflict"));
  await expect(
    bench.as(ann).snapshots.delete({ snapshotId, idempotencyKey: key() }),
  ).rejects.toMatchObject(refusal("conflict"));
});
