import { expect } from "vitest";
import { eventually } from "./api.ts";
import type { Cell } from "./cell.ts";

interface StoredEvent {
  readonly position: number;
  readonly stream: string;
  readonly seq: number;
  readonly type: string;
  readonly data: { runId?: string; lease?: unknown; durationMs?: number; orderId?: string };
}

/** Longer than any outbox waits for its relay's next look. */
const quietMs = 1500;

/** Waits until every consumer has read the whole log, no saga is running, and nothing has been added for a while. */
export async function settle(cell: Cell): Promise<void> {
  let head = -1;
  let sinceMs = performance.now();
  await eventually(
    async () => {
      const consumers =
        await cell.admin.query<{ lag: number; position: number }[]>("consumers.list");
      const open = await cell.admin.query<unknown[]>("sagas.list", { status: "running" });
      const now = Math.max(...consumers.map(({ position }) => position));
      if (now !== head || consumers.some(({ lag }) => lag > 0) || open.length > 0)
        sinceMs = performance.now();
      head = now;
      return performance.now() - sinceMs > quietMs ? true : null;
    },
    60_000,
    "rest",
  );
}

/**
 * What must hold whatever happened: the ledger adds up, no number of a store is missing or double in the log, each run of a lease is rated at
 * exactly its duration, nothing is parked, every saga has come to an end.
 */
export async function expectInvariants(cell: Cell): Promise<void> {
  const ledger = await cell.admin.query<{ sound: boolean }>("ledger.verify");
  expect(ledger).toMatchObject({ sound: true });
  const events = await allEvents(cell);
  for (const [stream, own] of Map.groupBy(events, (event) => event.stream)) {
    if (!stream.startsWith("host:")) continue;
    expect(
      own.map((event) => event.seq),
      `numbers of ${stream}`,
    ).toEqual(own.map((_, index) => index + 1));
  }
  expect(events.map((event) => event.position)).toEqual(events.map((_, index) => index + 1));
  const of = (type: string) => events.filter((event) => event.type === type);
  const ended = of("device.stopped").filter((event) => event.data.lease);
  const starts = of("device.started").filter((event) => event.data.lease);
  expect(new Set(starts.map((event) => event.data.runId)).size, "each run starts once").toBe(
    starts.length,
  );
  expect(new Set(ended.map((event) => event.data.runId)).size, "each run ends once").toBe(
    ended.length,
  );
  const paid = new Set(of("order.paid").map((event) => event.data.orderId));
  for (const end of ended) {
    const rated = of("usage.rated").filter((event) => event.data.runId === end.data.runId);
    const orderId = (end.data.lease as { orderId: string }).orderId;
    if (!paid.has(orderId)) continue;
    expect(
      rated.map((event) => event.data.durationMs),
      "each run is rated once, at its duration",
    ).toEqual([end.data.durationMs]);
  }
  expect(await cell.admin.query<unknown[]>("deadLetters.list", {}), "nothing is parked").toEqual(
    [],
  );
  const sagas = await cell.admin.query<{ status: string }[]>("sagas.list", {});
  expect(sagas.filter((saga) => !["completed", "compensated"].includes(saga.status))).toEqual([]);
}

async function allEvents(cell: Cell): Promise<StoredEvent[]> {
  const pages: StoredEvent[][] = [];
  for (let before: number | undefined; ; before = pages[0]?.[0]?.position) {
    const page = await cell.admin.query<StoredEvent[]>("events.list", {
      limit: 1000,
      ...(before ? { before } : {}),
    });
    if (page.length === 0) return pages.flat();
    pages.unshift(page);
  }
}
