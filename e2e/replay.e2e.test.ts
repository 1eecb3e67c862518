import { randomUUID } from "node:crypto";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { LeaseRef } from "@cloudphone/shared/device";
import { expect, test } from "vitest";
import { eventually } from "./api.ts";
import { Cell } from "./cell.ts";
import { HostByHand } from "./host-by-hand.ts";
import { expectInvariants, settle } from "./invariants.ts";
import { Load } from "./load.ts";
import { randomOf, seedOfRun } from "./random.ts";

const seed = seedOfRun();
const nextRelease = pathToFileURL(path.join(import.meta.dirname, "next-release.ts")).href;

interface Run {
  readonly deviceId: string;
  readonly runId: string;
  readonly lease: LeaseRef;
  readonly userId: string;
  readonly startedAt: string;
}

const begins = (host: HostByHand): void => {
  const provider = { kind: "simulated", available: true, reason: null, capacity: 4, labels: {} };
  const data = { hostId: host.hostId, epoch: host.epoch, bootId: "b", agentVersion: "by hand" };
  host.note({
    type: "host.started",
    subject: host.hostId,
    data: { ...data, providers: [provider] },
  });
};

/** Notes the start of the next run of a leased phone. */
function noteStart(host: HostByHand, deviceId: string, lease: LeaseRef): Run {
  const startedAt = new Date().toISOString();
  const run = { deviceId, runId: randomUUID(), lease, userId: lease.userId, startedAt };
  host.note({ type: "device.started", subject: deviceId, data: run });
  return run;
}

const noteConfirmed = (host: HostByHand, run: Run, durationMs: number): void =>
  host.note({
    type: "device.usage.confirmed",
    subject: run.deviceId,
    data: { ...run, durationMs },
  });

/** `version`: of the event; another than this release writes. */
function noteStop(
  host: HostByHand,
  run: Run,
  { durationMs, version }: { durationMs: number; version?: number },
): void {
  const data = { ...run, durationMs, reason: "requested" as const };
  const over = version === undefined ? {} : { version };
  host.note({ type: "device.stopped", subject: run.deviceId, data }, over);
}

/** Duplicates, gaps, rows and batches in any order, and batches of a store that is no more, until all is acknowledged. */
async function deliverWildly(host: HostByHand, old: string, random: () => number): Promise<void> {
  for (let turn = 0; turn < 120 && host.acked < host.rows.length; turn++) {
    const from = Math.max(0, host.acked - 4 + Math.floor(random() * 8));
    const rows = host.rows.slice(from, from + 1 + Math.floor(random() * 6));
    const pick = random();
    if (pick < 0.15) rows.reverse();
    else if (pick < 0.3) rows.sort(() => random() - 0.5);
    else if (pick < 0.4) rows.splice(1, 1);
    host.send(rows, random() < 0.15 ? old : host.epoch);
    if (random() < 0.3) host.send(rows);
    if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 20));
  }
  await host.deliver();
}

/** Buys a phone of the host, and has it run. */
async function rent(cell: Cell, host: HostByHand) {
  const load = new Load(cell, Math.random);
  const bought = load.buy("Hourly");
  const { deviceId, lease } = await eventually(async () => {
    const [desired] = [...host.desired.values()].filter(({ lease: given }) => given);
    if (!desired?.lease) return null;
    const { leaseId, orderId, userId, token } = desired.lease;
    return { deviceId: desired.deviceId, lease: { leaseId, orderId, userId, token } };
  });
  const run = noteStart(host, deviceId, lease);
  await host.deliver();
  expect(await bought, "the purchase").toMatchObject({ deviceId });
  return { load, run, lease, deviceId };
}

const usageOf = async (cell: Cell): Promise<Map<string, number | null>> => {
  const runs = await cell.customer.query<{ runId: string; durationMs: number | null }[]>(
    "usage.list",
    { limit: 500 },
  );
  return new Map(runs.map(({ runId, durationMs }) => [runId, durationMs]));
};

test("events that come twice, with gaps, in any order, of an old store, broken, or of a newer release are each taken once and in order", async () => {
  await using cell = await Cell.start({ agent: false });
  await using host = await HostByHand.enroll(cell);
  try {
    begins(host);
    await host.deliver();
    const old = host.epoch;
    host.beginEpoch();
    begins(host);
    await host.deliver();
    await cell.hostReady();
    const { load, run: first, lease, deviceId } = await rent(cell, host);

    const lengths = new Map<string, number>();
    const end = (run: Run, durationMs: number, version = 2): void => {
      lengths.set(run.runId, durationMs);
      noteStop(host, run, { durationMs, version });
    };
    noteConfirmed(host, first, 60_000);
    end(first, 61_234);
    for (let count = 0; count < 12; count++) {
      const run = noteStart(host, deviceId, lease);
      noteConfirmed(host, run, 60_000);
      host.note({ type: "device.destroyed", subject: deviceId, data: { deviceId } }, { data: 7 });
      noteConfirmed(host, run, 120_000);
      if (count % 4 === 0) host.noteLost("it could not be read");
      end(run, 120_000 + count);
    }
    await deliverWildly(host, old, randomOf(seed));
    await settle(cell);
    expect(await usageOf(cell)).toEqual(lengths);
    const told = host.refusals.filter(({ reason }) => /replaced by a newer/.test(reason));
    expect(told.length, "an old store is told so").toBeGreaterThan(0);

    const newer = noteStart(host, deviceId, lease);
    end(newer, 5000, 3);
    end(noteStart(host, deviceId, lease), 7000);
    await deliverWildly(host, old, randomOf(seed + 1));
    await settle(cell);
    const waiting = await cell.admin.query<{ state: string }[]>("deadLetters.list", {});
    expect(waiting.map(({ state }) => state)).toContain("waiting");
    expect((await usageOf(cell)).get(newer.runId), "not dropped, not guessed").toBeNull();
    await cell.replace("hub", { NODE_OPTIONS: `--import=${nextRelease}` });
    await eventually(async () => {
      const left = await cell.admin.query<unknown[]>("deadLetters.list", {});
      return left.length === 0 ? true : null;
    });
    await settle(cell);
    expect(await usageOf(cell), "taken by the release that knows it").toEqual(lengths);

    const open = noteStart(host, deviceId, lease);
    noteConfirmed(host, open, 60_000);
    await host.deliver();
    noteStop(host, open, { durationMs: 75_000 });
    const late = host.rows.slice(-1);
    const gone = host.epoch;
    host.beginEpoch();
    begins(host);
    await host.deliver();
    host.send(late, gone);
    await settle(cell);
    lengths.set(open.runId, 60_000);
    expect(await usageOf(cell), "a store that is gone: to the last confirmed second").toEqual(
      lengths,
    );
    await load.endAll();
    await settle(cell);
    await expectInvariants(cell, { store: null });
  } catch (error) {
    throw new Error(`seed ${seed}: ${await cell.account()}`, { cause: error });
  }
});
