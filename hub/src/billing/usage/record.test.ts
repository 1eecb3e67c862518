import * as fc from "fast-check";
import { expect, test } from "vitest";
import { giveUpRun, learnRun, type RunLength, type RunNews } from "./record.ts";

const fold = (news: readonly RunNews[]): RunLength | null =>
  news.reduce<RunLength | null>((run, one) => learnRun(run, one), null);

const running = (confirmedMs: number, stale = false): RunNews => ({
  kind: "running",
  confirmedMs,
  stale,
});

test("a run is open until its host tells its end", () => {
  expect(fold([running(0), running(60_000)])).toEqual({
    confirmedMs: 60_000,
    durationMs: null,
    closedBy: null,
  });
});

test("a run whose host is gone ends at its last confirmed second, and the truth may still lengthen it", () => {
  const estimated = giveUpRun(learnRun(null, running(60_000)));
  expect(estimated).toMatchObject({ durationMs: 60_000, closedBy: "estimate" });
  expect(learnRun(estimated, running(120_000))).toMatchObject({ durationMs: 120_000 });
  expect(learnRun(estimated, { kind: "stopped", durationMs: 90_000 })).toMatchObject({
    durationMs: 90_000,
    closedBy: "host",
  });
});

test("news of a store that is no more opens nothing that would stay open", () => {
  expect(learnRun(null, running(60_000, true))).toMatchObject({ closedBy: "estimate" });
});

test("the same news in any order, any number of times, end at the same length", () => {
  const one = fc.nat({ max: 100 });
  fc.assert(
    fc.property(
      fc.array(one, { maxLength: 6 }),
      one,
      fc.infiniteStream(one),
      (beats, tail, dice) => {
        const durationMs = Math.max(0, ...beats) + tail;
        const told: RunNews[] = [
          running(0),
          ...beats.map((beat) => running(beat)),
          { kind: "stopped", durationMs },
        ];
        const twice = [...told, ...told]
          .map((news) => ({ news, place: dice.next().value as number }))
          .toSorted((a, b) => a.place - b.place)
          .map(({ news }) => news);
        expect(fold(twice)).toMatchObject({ durationMs, closedBy: "host" });
      },
    ),
  );
});

test("once its host has told the end, nothing that comes late changes it", () => {
  const ended = fold([running(60_000), { kind: "stopped", durationMs: 90_000 }]);
  for (const late of [running(120_000), running(120_000, true), running(0)])
    expect(learnRun(ended, late)).toEqual(ended);
  expect(learnRun(ended, { kind: "stopped", durationMs: 95_000 })).toEqual(ended);
});

test("no piece of news ever makes a run shorter or opens it again", () => {
  const news = fc.oneof(
    fc.record({
      kind: fc.constant("running" as const),
      confirmedMs: fc.nat(),
      stale: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("stopped" as const), durationMs: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(news), (all) => {
      let run: RunLength | null = null;
      for (const one of all) {
        const next = learnRun(run, one);
        expect(next.confirmedMs).toBeGreaterThanOrEqual(run?.confirmedMs ?? 0);
        expect(next.durationMs ?? -1).toBeGreaterThanOrEqual(run?.durationMs ?? -1);
        run = next;
      }
    }),
  );
});
