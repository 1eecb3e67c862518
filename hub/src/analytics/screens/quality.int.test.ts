import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { Quality } from "@cloudphone/shared/live";
import { expect, test } from "vitest";
import { source, startAnalytics, until } from "../testing.ts";

const [ann, bob, deviceId] = [source.id(), source.id(), source.id()];

const quality: Quality = {
  path: "direct",
  firstFrameMs: 400,
  framesDecoded: 990,
  framesDropped: 10,
  freezes: 1,
  rttMs: { p50: 10, p95: 20 },
  delayMs: { p50: 15, p95: 35 },
};

/** A session that was asked for, and (unless null) how it went. */
function session(
  userId: string,
  purpose: "screen" | "adb",
  measured: Partial<Quality> | null,
): EventDraft[] {
  const sessionId = source.id();
  const wish = { commandId: source.id(), hostId: source.id(), leaseId: null, deviceId, sessionId };
  const asked = { ...wish, userId, purpose };
  return [
    { type: "session.open.requested", subject: deviceId, data: asked },
    ...(measured
      ? [
          {
            type: "session.measured" as const,
            subject: deviceId,
            data: { sessionId, deviceId, quality: { ...quality, ...measured } },
          },
        ]
      : []),
  ];
}

test("live screens are summed by day: for all to staff, for oneself to a customer, the same again when rebuilt", async () => {
  await using bench = await startAnalytics();
  const admin = bench.as(source.id(), "admin");
  await bench.say(
    ...session(ann, "screen", {}),
    ...session(ann, "screen", { path: "relay", firstFrameMs: 1400, framesDropped: 30, freezes: 0 }),
    ...session(ann, "screen", null),
    ...session(ann, "adb", null),
    ...session(bob, "screen", { path: "turn", firstFrameMs: null, rttMs: null, delayMs: null }),
  );
  const day = new Date().toISOString().slice(0, 10);
  const all = async () => (await admin.screensPerDay())[0];
  await until("four sessions", async () => (await all())?.measured === 3);
  const expected = {
    ...{ day, sessions: 4, measured: 3, direct: 1, turn: 1, relay: 1, freezes: 2 },
    ...{ firstFrameP50Ms: 900, firstFrameP95Ms: 1350, rttP95Ms: 20, delayP95Ms: 35 },
    droppedShare: 50 / 3020,
  };
  expect(await all()).toEqual(expected);
  expect(await bench.as(bob, "customer").screensPerDay({ userId: ann })).toMatchObject([
    { sessions: 1, measured: 1, turn: 1, firstFrameP50Ms: null, rttP95Ms: null },
  ]);
  expect(await admin.screensPerDay({ deviceId: source.id() })).toEqual([]);
  await bench.rebuild("analytics.screen-sessions");
  expect(await all()).toEqual(expected);
});
