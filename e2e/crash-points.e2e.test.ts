import { randomUUID } from "node:crypto";
import { crashPoints } from "@cloudphone/shared/crash-points";
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
    60_000,
    "the installation's end",
  );
  expect(["installed", "failed"]).toContain(status);
  await eventually(() => cell.customer.mutate("devices.stop", { device: name }));
  await eventually(
    async () => {
      const usage = await cell.customer.query<{ durationMs: number | null }[]>("usage.list", {});
      return usage.length > 0 && usage.every((record) => record.durationMs !== null) ? true : null;
    },
    60_000,
    "the end of the usage records",
  );
  await eventually(() =>
    cell.customer.mutate("orders.end", { orderId, idempotencyKey: randomUUID() }),
  );
  await settle(cell);
}

describe.concurrent("a process killed at any named instant loses nothing and doubles nothing", () => {
  test.each([...crashPoints])("%s", { timeout: 240_000 }, async (point) => {
    const part = point.split(".")[0] as Part;
    await using cell = await Cell.start({ crash: { part, at: point } });
    await story(cell).catch(async (error: unknown) => {
      throw new Error(await cell.account(), { cause: error });
    });
    const least = part === "hub" ? 2 : 1;
    await eventually(
      async () => (cell.restarts(part) >= least ? true : null),
      10_000,
      `a pass of ${point}`,
    );
    await expectInvariants(cell);
  });
});
