import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";
import { eventually } from "./api.ts";
import type { Cell } from "./cell.ts";
import { dataOf, type LoggedEvent, wholeLog } from "./log.ts";
import { expectProjections } from "./projections.ts";

interface Saga {
  readonly id: string;
  readonly status: string;
  readonly deadlineAt: string | null;
}

/** Longer than any outbox waits for its relay's next look. */
const quietMs = 1500;
/** What a saga may be open past its deadline. */
const sagaGraceMs = 30_000;

interface Device {
  readonly hostState: string;
  readonly state: string;
  readonly power: string;
  readonly clean: boolean;
  readonly lease: unknown;
}

/** Its host still has something to do with it. */
const isUnderWay = ({ hostState, state, power, clean, lease }: Device): boolean =>
  hostState === "connected" && state !== "failed" && (state !== power || (!lease && !clean));

/** Waits until every consumer has read the whole log, no saga is running, every phone is as it is wished, and nothing has been added for a while. */
export async function settle(cell: Cell): Promise<void> {
  let head = -1;
  let sinceMs = performance.now();
  await eventually(
    async () => {
      const consumers =
        await cell.admin.query<{ lag: number; position: number }[]>("consumers.list");
      const open = await cell.admin.query<Saga[]>("sagas.list", { status: "running" });
      const devices = cell.hasAgent ? await cell.admin.query<Device[]>("devices.list") : [];
      const now = Math.max(...consumers.map(({ position }) => position));
      const busy = consumers.some(({ lag }) => lag > 0) || devices.some(isUnderWay);
      if (now !== head || open.length > 0 || busy) sinceMs = performance.now();
      head = now;
      return performance.now() - sinceMs > quietMs ? true : null;
    },
    120_000,
    "rest",
  );
}

/** Sagas that are open, by the clock of this machine, longer than they may be. The database must tell the same time. */
export async function lateSagas(cell: Cell): Promise<string[]> {
  const open = await cell.admin.query<Saga[]>("sagas.list", { status: "running", limit: 500 });
  return open
    .filter(({ deadlineAt }) => deadlineAt && Date.parse(deadlineAt) + sagaGraceMs < Date.now())
    .map(({ id }) => id);
}

/**
 * What must hold whatever happened: the ledger adds up, no number of a store is missing or double in the log, each run of a lease is rated at
 * exactly its duration, nothing is parked, every saga has come to an end, and what the tables say is what the log says. Returns the log.
 */
export async function expectInvariants(
  cell: Cell,
  { store = path.join(cell.agentDir, "agent.db") }: { store?: string | null } = {},
): Promise<LoggedEvent[]> {
  expect(await cell.admin.query("ledger.verify")).toMatchObject({ sound: true });
  const events = await wholeLog(cell);
  await expectNumbers(cell, events);
  if (store) expectAllOf(store, events);
  expectRuns(events);
  expect(await cell.admin.query("deadLetters.list", {}), "nothing is parked").toEqual([]);
  const sagas = await cell.admin.query<Saga[]>("sagas.list", { limit: 500 });
  expect(
    sagas.filter((saga) => !["completed", "compensated"].includes(saga.status)),
    "every saga has ended",
  ).toEqual([]);
  await expectProjections(cell, events);
  return events;
}

/** Positions are 1, 2, 3, …, and so are each store's numbers, in the log or, with their bytes, in quarantine. */
async function expectNumbers(cell: Cell, events: readonly LoggedEvent[]): Promise<void> {
  expect(events.map((event) => event.position)).toEqual(events.map((_, index) => index + 1));
  const quarantined = await cell.admin.query<{ hostId: string; seq: number | null }[]>(
    "quarantine.list",
    { limit: 500 },
  );
  for (const [stream, own] of Map.groupBy(events, (event) => event.stream)) {
    const [kind, hostId] = stream.split(":");
    if (kind !== "host") continue;
    const logged = own.map(({ seq }) => seq);
    const last = logged.at(-1) ?? 0;
    const aside = quarantined.filter(
      (row) => row.hostId === hostId && row.seq !== null && row.seq < last,
    );
    const all = [...logged, ...aside.map(({ seq }) => seq ?? 0)].sort((a, b) => a - b);
    expect(all, `numbers of ${stream}`).toEqual(all.map((_, index) => index + 1));
    expect(logged, `the order of ${stream}`).toEqual([...logged].sort((a, b) => a - b));
  }
}

/** The log has all that the agent's store ever numbered. */
function expectAllOf(store: string, events: readonly LoggedEvent[]): void {
  using database = new DatabaseSync(store, { readOnly: true });
  const given = database.prepare("select seq from sqlite_sequence where name = 'outbox'").get();
  const [{ epoch } = {}] = database.prepare("select epoch from store").all();
  const stream = events.findLast((event) => event.stream.endsWith(`:${String(epoch)}`));
  expect(stream?.seq, "the log has the last event that the agent numbered").toBe(given?.seq);
}

/** Each run starts and ends once; each run of a paid order is rated once, at its duration; a phone's runs do not share a token of two leases. */
function expectRuns(events: readonly LoggedEvent[]): void {
  const starts = dataOf(events, "device.started");
  const ends = dataOf(events, "device.stopped");
  for (const [what, runs] of [
    ["starts", starts],
    ["ends", ends],
  ] as const)
    expect(new Set(runs.map(({ runId }) => runId)).size, `each run ${what} once`).toBe(runs.length);
  const paid = new Set(dataOf(events, "order.paid").map(({ orderId }) => orderId));
  const rated = Map.groupBy(dataOf(events, "usage.rated"), ({ runId }) => runId);
  for (const { runId, lease, durationMs } of ends) {
    if (!lease || !paid.has(lease.orderId)) continue;
    expect(
      (rated.get(runId) ?? []).map((charge) => charge.durationMs),
      "each run is rated once, at its duration",
    ).toEqual([durationMs]);
  }
  const tokens = new Map<string, number>();
  for (const { deviceId, lease } of dataOf(events, "device.allocated")) {
    expect(lease.token, "each lease has a larger token").toBeGreaterThan(tokens.get(deviceId) ?? 0);
    tokens.set(deviceId, lease.token);
  }
}
