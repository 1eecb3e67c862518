import { expect } from "vitest";
import { eventually } from "./api.ts";
import type { Cell } from "./cell.ts";
import { dataOf, type LoggedEvent } from "./log.ts";

interface Day {
  readonly day: string;
  readonly currency: string;
  durationMs: number;
  includedMs: number;
  amountMinor: number;
  readonly users: number;
}

/** What the hub's tables say is what a fold of the log gives. */
export async function expectProjections(cell: Cell, events: readonly LoggedEvent[]): Promise<void> {
  await expectDays(cell, events);
  await expectDevices(cell, events);
  await expectOrders(cell, events);
  await expectWallet(cell, events);
}

/** A projection that is thrown away and built again from the log comes out the same. */
export async function expectSameAfterRebuild(
  cell: Cell,
  events: readonly LoggedEvent[],
): Promise<void> {
  const list = () =>
    cell.admin.query<{ name: string; rebuild: { state: string } | null }[]>("projections.list");
  for (const { name } of await list()) await cell.admin.mutate("projections.rebuild", { name });
  await eventually(
    async () => {
      const all = await list();
      return all.every(({ rebuild }) => rebuild?.state === "done") ? true : null;
    },
    30_000,
    "the rebuilt projection",
  );
  await expectDays(cell, events);
}

async function expectDays(cell: Cell, events: readonly LoggedEvent[]): Promise<void> {
  expect(await cell.admin.query("analytics.usagePerDay", { limit: 1000 }), "usage per day").toEqual(
    foldDays(events),
  );
}

function foldDays(events: readonly LoggedEvent[]): Day[] {
  const days = new Map<string, Day & { readonly who: Set<string> }>();
  for (const rated of dataOf(events, "usage.rated")) {
    const day = rated.startedAt.slice(0, 10);
    const { currency } = rated;
    const key = `${day} ${currency}`;
    const sums = days.get(key) ?? {
      ...{ day, currency, durationMs: 0, includedMs: 0, amountMinor: 0, users: 0 },
      who: new Set(),
    };
    sums.durationMs += rated.durationMs;
    sums.includedMs += rated.includedMs;
    sums.amountMinor += rated.amountMinor;
    sums.who.add(rated.userId);
    days.set(key, sums);
  }
  return [...days.values()]
    .map(({ who, ...day }) => ({ ...day, users: who.size }))
    .toSorted((a, b) => b.day.localeCompare(a.day));
}

async function expectDevices(cell: Cell, events: readonly LoggedEvent[]): Promise<void> {
  const states = new Map<string, string>();
  const powers = new Map<string, string>();
  const leases = new Map<string, string | null>();
  for (const event of events) {
    const data = event.data as { deviceId: string; state: string; power: string };
    if (event.type === "device.state.changed") states.set(data.deviceId, data.state);
    if (event.type === "device.started") states.set(data.deviceId, "running");
    if (event.type === "device.desired.changed") powers.set(data.deviceId, data.power);
    const { lease } = event.data as { lease?: { orderId: string } };
    if (event.type === "device.allocated") leases.set(data.deviceId, lease?.orderId ?? null);
    if (event.type === "device.moved") {
      const { from } = event.data as { from: { deviceId: string } };
      leases.set(from.deviceId, null).set(data.deviceId, lease?.orderId ?? null);
    }
    if (event.type === "device.released") leases.set(data.deviceId, null);
  }
  const devices =
    await cell.admin.query<
      { deviceId: string; state: string; power: string; lease: { orderId: string } | null }[]
    >("devices.list");
  for (const { deviceId, state, power, lease } of devices)
    expect({ state, power, lease: lease?.orderId ?? null }, `the row of ${deviceId}`).toEqual({
      state: states.get(deviceId) ?? "creating",
      power: powers.get(deviceId),
      lease: leases.get(deviceId) ?? null,
    });
}

async function expectOrders(cell: Cell, events: readonly LoggedEvent[]): Promise<void> {
  interface Row {
    readonly id: string;
    readonly state: string;
    readonly usedMs: number;
    readonly usageMinor: number;
  }
  const folded = new Map<string, Row>();
  const change = (id: string, row: Partial<Row>): void => {
    const known = folded.get(id) ?? { id, state: "pending", usedMs: 0, usageMinor: 0 };
    folded.set(id, { ...known, ...row });
  };
  for (const { orderId } of dataOf(events, "order.created")) change(orderId, {});
  for (const { orderId } of dataOf(events, "order.paid")) change(orderId, { state: "paid" });
  for (const { orderId } of dataOf(events, "order.cancelled"))
    change(orderId, { state: "cancelled" });
  for (const { orderId } of dataOf(events, "order.ended")) change(orderId, { state: "ended" });
  for (const { orderId, durationMs, amountMinor } of dataOf(events, "usage.rated")) {
    const { usedMs = 0, usageMinor = 0 } = folded.get(orderId) ?? {};
    change(orderId, { usedMs: usedMs + durationMs, usageMinor: usageMinor + amountMinor });
  }
  const listed = await cell.admin.query<Row[]>("orders.list", { limit: 500 });
  const rows = listed.map(({ id, state, usedMs, usageMinor }) => ({
    id,
    state,
    usedMs,
    usageMinor,
  }));
  const byId = (a: Row, b: Row): number => a.id.localeCompare(b.id);
  expect(rows.toSorted(byId), "orders").toEqual([...folded.values()].toSorted(byId).slice(-500));
}

/** All that ever went into the customer's wallet, less what was taken, is what is in it. */
async function expectWallet(cell: Cell, events: readonly LoggedEvent[]): Promise<void> {
  const sum = (rows: readonly { amountMinor: number }[]): number =>
    rows.reduce((total, { amountMinor }) => total + amountMinor, 0);
  const wallet = await cell.customer.query<{ userId: string; balanceMinor: number }>("wallet.show");
  const own = <R extends { userId: string }>(rows: readonly R[]): R[] =>
    rows.filter(({ userId }) => userId === wallet.userId);
  const inMinor = sum(own(dataOf(events, "wallet.credited")));
  const heldMinor = sum(own(dataOf(events, "payment.held")));
  const voidedMinor = sum(own(dataOf(events, "payment.voided")));
  const usedMinor = sum(own(dataOf(events, "usage.rated")));
  const refundedMinor = sum(own(dataOf(events, "payment.refunded")));
  const renewedMinor = sum(own(dataOf(events, "order.renewed")));
  expect(wallet.balanceMinor, "the wallet's balance").toBe(
    inMinor - heldMinor + voidedMinor - usedMinor - renewedMinor + refundedMinor,
  );
}
