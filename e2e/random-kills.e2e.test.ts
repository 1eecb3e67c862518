import { describe, expect, test } from "vitest";
import { expectAcknowledged, expectWishesObeyed } from "./acknowledged.ts";
import { eventually } from "./api.ts";
import { uploadApk } from "./apk.ts";
import { Cell } from "./cell.ts";
import { expectInvariants, lateSagas, settle } from "./invariants.ts";
import { Load } from "./load.ts";
import { expectMetered } from "./metering.ts";
import { expectSameAfterRebuild } from "./projections.ts";
import { randomOf, seedOfRun } from "./random.ts";

const rounds = Number(process.env.ROUNDS ?? 20);
const seed = seedOfRun();

type Victim = "hub" | "agent" | "postgres";

interface Plan {
  readonly rounds: number;
  readonly victims: readonly (readonly Victim[])[];
}

/** Load all the time; each round some of the victims die at a random instant, often while others are not back yet. */
async function killAtRandom(cell: Cell, load: Load, plan: Plan): Promise<Record<string, number>> {
  const random = randomOf(seed);
  const kills = { hub: 0, agent: 0, postgres: 0 };
  for (let round = 0; round < plan.rounds; round++) {
    const wanted = load.acknowledged.length + 1 + Math.floor(random() * 12);
    await eventually(
      async () => (load.acknowledged.length >= wanted ? true : null),
      120_000,
      `progress in round ${round}`,
    );
    const victims = plan.victims[Math.floor(random() * plan.victims.length)] ?? [];
    for (const victim of victims) {
      kills[victim]++;
      if (victim === "postgres") await cell.killPostgres();
      else await cell.killed(victim);
    }
    expect(await eventually(() => lateSagas(cell), 60_000), "no saga is open for too long").toEqual(
      [],
    );
  }
  return kills;
}

async function expectAllHolds(plan: Plan): Promise<void> {
  await using cell = await Cell.start();
  await cell.hostReady();
  await uploadApk(cell);
  const load = new Load(cell, randomOf(seed + 1));
  load.start(4);
  try {
    const kills = await killAtRandom(cell, load, plan);
    await load.stop();
    await settle(cell);
    await expectWishesObeyed(cell, load);
    await load.endAll();
    await settle(cell);
    const events = await expectInvariants(cell);
    await expectAcknowledged(cell, load, events);
    await expectMetered(cell, events);
    await expectSameAfterRebuild(cell, events);
    for (const part of ["hub", "agent"] as const)
      expect(cell.restarts(part), `the ${part} ended only when it was killed`).toBe(kills[part]);
    console.info(
      `seed ${seed}: ${load.acknowledged.length} acknowledged, ${events.length} events, kills ${JSON.stringify(kills)}`,
    );
  } catch (error) {
    throw new Error(`seed ${seed}: ${String(error)}\n${await cell.account()}`, { cause: error });
  }
}

describe.concurrent("nothing acknowledged is lost and nothing is billed twice under load", () => {
  test("when hub and agent are killed at random instants", {
    timeout: 180_000 + rounds * 10_000,
  }, async () => {
    await expectAllHolds({ rounds, victims: [["hub"], ["agent"], ["agent"], ["hub", "agent"]] });
  });

  test("when PostgreSQL is restarted with -m immediate", { timeout: 240_000 }, async () => {
    await expectAllHolds({ rounds: Math.min(rounds, 5), victims: [["postgres"]] });
  });
});
