import { randomUUID } from "node:crypto";
import { type CrashPoint, crashPoints } from "@cloudphone/shared/crash-points";
import { describe, expect, test } from "vitest";
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
      const usage = await cell.customer.query<{ durationMs: number | null }[]>("usage.list", {});
      return usage.length > 0 && usage.every((record) => record.durationMs !== null) ? true : null;
    },
    120_000,
    "the end of the usage records",
  );
  await eventually(() =>
    cell.customer.mutate("orders.end", { orderId, idempotencyKey: randomUUID() }),
  );
  await settle(cell);
}

const pointsOf = (part: Part): CrashPoint[] =>
  crashPoints.filter((point) => point.startsWith(`${part}.`));

/** One of the hub's with one of the agent's, so that a platform is started for both and one may die while the other is away. */
const pairs = ((hub, agent) =>
  Array.from({ length: Math.max(hub.length, agent.length) }, (_, index) => ({
    hub: hub[index % hub.length] as CrashPoint,
    agent: agent[index % agent.length] as CrashPoint,
  })))(pointsOf("hub"), pointsOf("agent"));

describe.concurrent("a process killed at any named instant loses nothing and doubles nothing", () => {
  test.each(pairs)("$agent, $hub", { timeout: 600_000 }, async (crash) => {
    await using cell = await Cell.start({ crash });
    await story(cell).catch(async (error: unknown) => {
      throw new Error(await cell.account(), { cause: error });
    });
    // The hub is killed once to be armed.
    for (const [part, least] of [
      ["agent", 1],
      ["hub", 2],
    ] as const)
      await eventually(
        async () => (cell.restarts(part) >= least ? true : null),
        30_000,
        `a pass of ${crash[part]}`,
      );
    await expectInvariants(cell);
  });

  test("every point is of one of the two", () => {
    expect(pairs.flatMap(({ hub, agent }) => [hub, agent])).toEqual(
      expect.arrayContaining([...crashPoints]),
    );
  });
});
