import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { expectAcknowledged, expectWishesObeyed } from "./acknowledged.ts";
import { eventually } from "./api.ts";
import { apkName, uploadApk } from "./apk.ts";
import { Cell } from "./cell.ts";
import { expectInvariants, settle } from "./invariants.ts";
import { Load } from "./load.ts";
import { dataOf, type LoggedEvent, wholeLog } from "./log.ts";
import { expectMetered } from "./metering.ts";

const cutMs = 60_000;

/** Sells phones that crash again and again, so that they start and stop without anybody asking. */
async function sellRestless(cell: Cell): Promise<void> {
  const plans = await cell.admin.query<{ name: string; spec: object }[]>("plans.list");
  const { spec } = plans.find(({ name }) => name === "Hourly") ?? {};
  await cell.admin.mutate("plans.create", {
    name: "Restless",
    priceMinor: 0,
    hourlyMinor: 100,
    spec: { ...spec, properties: { "sim.crashAfterMs": "6000" } },
    idempotencyKey: randomUUID(),
  });
}

async function buyRunning(load: Load, plan: string) {
  return eventually(() => load.buy(plan), 60_000, `a phone of ${plan}`);
}

async function stateOfHost(cell: Cell): Promise<string | undefined> {
  return (await cell.admin.query<{ state: string }[]>("hosts.list"))[0]?.state;
}

const untilHostIs = (cell: Cell, wanted: string): Promise<true> =>
  eventually(
    async () => ((await stateOfHost(cell)) === wanted ? true : null),
    60_000,
    `a host that is ${wanted}`,
  );

/** What the hub said of the host since the cut, in order, and after how long a silence. */
const saidOfHost = (events: readonly LoggedEvent[]): { type: string; silentMs: number | null }[] =>
  events
    .filter(({ type }) => /^host\.(connected|suspected|lost)$/.test(type))
    .map(({ type, data }) => ({
      type,
      silentMs: (data as { silentMs?: number }).silentMs ?? null,
    }));

test("a link that is cut for 60 s costs no second, no event and no lease, and the host is suspected, lost and back", async () => {
  await using cell = await Cell.start({ cuttable: true });
  await cell.hostReady();
  await uploadApk(cell);
  await sellRestless(cell);
  const load = new Load(cell, Math.random);
  const steady = await buyRunning(load, "Hourly");
  const toStop = await buyRunning(load, "Hourly");
  const toReturn = await buyRunning(load, "Hourly");
  const restless = await buyRunning(load, "Restless");
  const before = (await wholeLog(cell)).length;

  cell.cutLink();
  const healAtMs = performance.now() + cutMs;
  await load.power(toStop, "stopped");
  await load.ask(cell.customer, "apps.install", { device: steady.deviceId, app: apkName });
  await untilHostIs(cell, "suspected");
  await load.power(toStop, "running");
  await load.power(toStop, "stopped");
  await untilHostIs(cell, "lost");
  expect(await load.buy("Hourly"), "nothing new is placed on a lost host").toBeNull();
  await load.ask(cell.customer, "orders.end", { orderId: toReturn.orderId });
  load.rentals.delete(toReturn);
  const cutLog = await wholeLog(cell);
  expect(
    cutLog.slice(before).filter(({ stream }) => stream.startsWith("host:")),
    "nothing came through",
  ).toEqual([]);
  await eventually(async () => (performance.now() >= healAtMs ? true : null), cutMs, "60 s");
  expect(await stateOfHost(cell)).toBe("lost");
  cell.healLink();
  await untilHostIs(cell, "connected");

  await settle(cell);
  await load.power(restless, "stopped");
  await settle(cell);
  await expectWishesObeyed(cell, load);
  const leased =
    await cell.customer.query<{ deviceId: string; lease: { orderId: string } }[]>("devices.list");
  expect(new Map(leased.map(({ deviceId, lease }) => [deviceId, lease.orderId]))).toEqual(
    new Map([...load.rentals].map(({ deviceId, orderId }) => [deviceId, orderId])),
  );
  await load.endAll();
  await settle(cell);
  const events = await expectInvariants(cell);
  await expectAcknowledged(cell, load, events);
  await expectMetered(cell, events);

  const said = saidOfHost(events.slice(before));
  expect(said.map(({ type }) => type)).toEqual(["host.suspected", "host.lost", "host.connected"]);
  // Looked at each second, on a machine that may be busy.
  for (const [index, afterMs] of [15_000, 45_000].entries()) {
    expect(said[index]?.silentMs).toBeGreaterThanOrEqual(afterMs);
    expect(said[index]?.silentMs).toBeLessThan(afterMs + 5000);
  }
  const restlessRuns = dataOf(events, "device.stopped").filter(
    ({ deviceId }) => deviceId === restless.deviceId,
  );
  expect(restlessRuns.length, "it started and stopped while nobody heard it").toBeGreaterThan(5);
});
