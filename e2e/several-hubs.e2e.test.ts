import { createDatabase } from "@cloudphone/hub/platform/postgres/client";
import { missingEngines } from "@cloudphone/testing/engines";
import { expect, test } from "vitest";
import { expectAcknowledged, expectWishesObeyed } from "./acknowledged.ts";
import { eventually } from "./api.ts";
import { uploadApk } from "./apk.ts";
import { Cell, type HubPart } from "./cell.ts";
import { expectInvariants, lateSagas, settle } from "./invariants.ts";
import { Load } from "./load.ts";
import { expectMetered } from "./metering.ts";
import { expectSameAfterRebuild } from "./projections.ts";
import { randomOf, seedOfRun } from "./random.ts";

const rounds = Number(process.env.ROUNDS ?? 2);
const seed = seedOfRun();
const hubs: readonly HubPart[] = ["hub", "hub2"];

/** The hubs' own account of who has what. */
async function watchHubs(cell: Cell) {
  const address = cell.engines?.addresses.events;
  if (!address) throw new Error("a cell without engines");
  const database = createDatabase({ address, connections: 1 });
  const owners = () => database.query<{ hub_id: string | null; n: number }>`
      select hub_id, count(*)::int as n from partitions where expires_at > clock_timestamp() group by hub_id`;
  return {
    /** Resolves once each of so many hubs has its share of all partitions. */
    shared: (among: number) =>
      eventually(
        async () => {
          const found = await owners();
          const sum = found.reduce((total, { n }) => total + n, 0);
          return found.length === among && sum === 16 ? true : null;
        },
        60_000,
        `the work shared among ${among}`,
      ),
    [Symbol.asyncDispose]: () => database.stop(),
  };
}

/** Load all the time; each round one of the two dies at a random instant, and the other does all the work until it is back. */
async function killInTurn(cell: Cell, load: Load): Promise<number[]> {
  const random = randomOf(seed);
  await using watched = await watchHubs(cell);
  const handedOverMs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await watched.shared(2);
    const progress = (more: number) => {
      const wanted = load.acknowledged.length + more;
      return eventually(
        async () => (load.acknowledged.length >= wanted ? true : null),
        120_000,
        `progress in round ${round}`,
      );
    };
    await progress(1 + Math.floor(random() * 10));
    const victim = hubs[round % hubs.length] ?? "hub";
    const killedMs = performance.now();
    const revive = cell.killForGood(victim);
    await watched.shared(1);
    handedOverMs.push(performance.now() - killedMs);
    await progress(3);
    const before = cell.restarts(victim);
    revive();
    await eventually(async () => (cell.restarts(victim) > before ? true : null), 30_000, "restart");
    expect(await eventually(() => lateSagas(cell), 60_000), "no saga is open for too long").toEqual(
      [],
    );
  }
  return handedOverMs;
}

test("of two hubs on one PostgreSQL and one broker either may die: nothing is lost, done twice or left lying", {
  timeout: 420_000 + rounds * 60_000,
}, async (context) => {
  const missing = missingEngines();
  if (missing && process.env.CI !== "true") context.skip(missing);
  await using cell = await Cell.start({ engines: true, twoHubs: true });
  try {
    await cell.hostReady();
    await uploadApk(cell);
    const load = new Load(cell, randomOf(seed + 1));
    load.start(4);
    const handedOverMs = await killInTurn(cell, load);
    await load.stop();
    await settle(cell);
    await expectWishesObeyed(cell, load);
    await load.endAll();
    await settle(cell);
    const events = await expectInvariants(cell);
    await expectAcknowledged(cell, load, events);
    await expectMetered(cell, events);
    await expectSameAfterRebuild(cell, events);
    const restarts = hubs.map((part) => cell.restarts(part));
    expect(restarts, "each hub ended only when it was killed").toEqual([
      Math.ceil(rounds / 2),
      Math.floor(rounds / 2),
    ]);
    console.info(
      `seed ${seed}: ${load.acknowledged.length} acknowledged, ${events.length} events, ${rounds} kills, ` +
        `all partitions handed over after ${handedOverMs.map((ms) => (ms / 1000).toFixed(1)).join(", ")} s`,
    );
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}\n${await cell.account()}`, { cause: error });
  }
});
