import { partitions } from "@cloudphone/shared/partitions";
import { expect, test } from "vitest";
import { claimLanes, moveCursor } from "../log/cursors.ts";
import { testDatabases } from "../postgres/testing.ts";
import { systemSource } from "../source.ts";
import { silent, until } from "../testing.ts";
import { Membership } from "./membership.ts";
import { ownedPartitions } from "./ownership.ts";

const times = { leaseMs: 4000, lookMs: 50, aloneMs: 300 };

test("hubs share the partitions, and what one leaves or loses another takes with a larger token", async () => {
  await using databases = await testDatabases();
  const hub = (over: Partial<ConstructorParameters<typeof Membership>[0]> = {}) =>
    new Membership({
      database: databases.events,
      hubId: systemSource.id(),
      incarnation: systemSource.id(),
      broker: "shared",
      logger: silent,
      consumers: () => [],
      times,
      ...over,
    });
  const sizes = (...hubs: Membership[]): number[] => hubs.map((one) => ownedPartitions(one).length);
  let dead = false;
  const one = hub({
    database: {
      ...databases.events,
      transaction: (work) =>
        dead ? Promise.reject(new Error("dead")) : databases.events.transaction(work),
    },
  });
  await one.start();
  expect(sizes(one)).toEqual([16]);
  const firstToken = one.tokenOf(15) ?? 0;
  // As a consumer of the first has it while the second takes its partition.
  const core = databases.core;
  await claimLanes(core, "core.x", new Map([[15, firstToken]]));

  const two = hub();
  await two.start();
  await until("an even share", async () => sizes(one, two).join() === "8,8");
  expect(partitions.filter((at) => one.tokenOf(at) !== null && two.tokenOf(at) !== null)).toEqual(
    [],
  );
  const secondToken = two.tokenOf(15) ?? 0;
  expect(secondToken).toBeGreaterThan(firstToken);
  await claimLanes(core, "core.x", new Map([[15, secondToken]]));
  const late = { partition: 15, token: firstToken, from: 0, to: 7 };
  const step = { consumer: "core.x", moves: [late], subjects: [] };
  expect(await core.transaction((tx) => moveCursor(tx, step)), "of the first, late").toBeNull();
  expect(await claimLanes(core, "core.x", new Map([[15, firstToken]]))).toEqual(new Map());
  const now = { ...late, token: secondToken };
  expect(
    await core.transaction((tx) => moveCursor(tx, { ...step, moves: [now] })),
    "of the second",
  ).toEqual(new Set());

  // Started again from its folder while the one before it still runs: that one stands aside.
  const again = hub({ hubId: two.hubId });
  await again.start();
  await until("the older to stand aside", async () => sizes(one, two, again).join() === "8,0,8");
  await two.stop();
  expect(sizes(one, again)).toEqual([8, 8]);

  // One that dies says nothing. By its own clock it knows that it has lost what it had.
  dead = true;
  await until("all of it", async () => sizes(again, one).join() === "16,0");

  const own = hub({ broker: "own" });
  await expect(own.start()).rejects.toMatchObject({ code: "conflict" });
  await again.stop();
  await databases.events.query`delete from hubs where id = ${one.hubId}`;
  await own.start();
  expect(sizes(own)).toEqual([16]);
  await own.stop();
});
