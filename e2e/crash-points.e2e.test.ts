import { randomUUID } from "node:crypto";
import { type CrashPoint, crashPoints } from "@cloudphone/shared/crash-points";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./api.ts";
import { apkName, uploadApk } from "./apk.ts";
import { Cell, type Part } from "./cell.ts";
import { expectInvariants, settle } from "./invariants.ts";

/** A customer's whole story, told with one idempotency key per wish and repeated until answered, as a careful client does. */
async function story(cell: Cell): Promise<void> {
  // A purchase that meets the crash may be cancelled, for the host is away; the customer then tries again.
  let order = { orderId: "", state: "" };
  for (let tries = 0; tries < 4 && order.state !== "paid"; tries++) {
    await cell.hostReady();
    order = await cell.buy("Hourly");
  }
  const { orderId, state } = order;
  expect(state).toBe("paid");
  const [device] = await eventually(() => cell.customer.query<{ name: string }[]>("devices.list"));
  const name = device?.name ?? "";
  await uploadApk(cell);
  const wish = { device: name, app: apkName, idempotencyKey: randomUUID() };
  const { installationId } = await eventually(() =>
    cell.customer.mutate<{ installationId: string }>("apps.install", wish),
  );
  const status = await eventually(
    async () => {
      const found = await cell.customer.query<{ status: string }>("apps.installation", {
        installationId,
      });
      return found.status === "pending" ? null : found.status;
    },
    120_000,
    "the installation's end",
  );
  expect(["installed", "failed"]).toContain(status);
  await eventually(() => cell.customer.mutate("devices.stop", { device: name }));
  await eventually(
    async () => {
      const usage = await cell.customer.query<{ durationMs: number | null }[]>("usage.list", {
        orderId,
      });
      return usage.length > 0 && usage.every((record) => record.durationMs !== null) ? true : null;
    },
    120_000,
    "the end of the usage records",
  );
  await eventually(() =>
    cell.customer.mutate("orders.end", { orderId, idempotencyKey: randomUUID() }),
  );
}

const pointsOf = (part: Part): CrashPoint[] =>
  crashPoints.filter((point) => point.startsWith(`${part}.`));

interface Pair {
  readonly hub: CrashPoint;
  readonly agent: CrashPoint;
}

/** One of the hub's with one of the agent's, so that a story is told for both and one may die while the other is away. */
const pairs = ((hub, agent) =>
  Array.from({ length: Math.max(hub.length, agent.length) }, (_, index) => ({
    hub: hub[index % hub.length] as CrashPoint,
    agent: agent[index % agent.length] as CrashPoint,
  })))(pointsOf("hub"), pointsOf("agent"));

/** As many as run beside each other; half of the time of a pair with a platform to itself was to start that. */
const platforms = 3;
const shares = Array.from({ length: platforms }, (_, at) =>
  pairs.filter((_pair, index) => index % platforms === at),
);

/** Both die during one story, on a host without phones: each story makes its own. */
async function expectStoryHolds(cell: Cell, pair: Pair): Promise<void> {
  const before = { hub: cell.restarts("hub"), agent: cell.restarts("agent") };
  for (const part of ["agent", "hub"] as const) await cell.arm(part, pair[part]);
  await story(cell);
  for (const part of ["agent", "hub"] as const) await cell.crashed(part, before[part]);
  await settle(cell);
  await expectInvariants(cell);
  await removePhones(cell);
}

async function removePhones(cell: Cell): Promise<void> {
  const devices = await cell.admin.query<{ deviceId: string }[]>("devices.list");
  for (const { deviceId: device } of devices)
    await eventually(() => cell.admin.mutate("devices.destroy", { device }));
  await eventually(
    async () => ((await cell.admin.query<[]>("devices.list")).length === 0 ? true : null),
    60_000,
    "the end of the phones",
  );
}

describe.concurrent.for(shares)(
  "a process killed at any named instant loses nothing and doubles nothing",
  (share) => {
    let cell: Cell;
    beforeAll(async () => {
      cell = await Cell.start();
    });
    afterAll(() => cell[Symbol.asyncDispose]());

    test.for(share)("$agent, $hub", { timeout: 600_000, concurrent: false }, async (pair) => {
      await expectStoryHolds(cell, pair).catch(async (error: unknown) => {
        throw new Error(await cell.account(), { cause: error });
      });
    });
  },
);

test("every point is of one of the two", () => {
  expect(shares.flat().flatMap(({ hub, agent }) => [hub, agent])).toEqual(
    expect.arrayContaining([...crashPoints]),
  );
});
