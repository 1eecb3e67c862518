import type { EventDraft, RecordedEvent } from "@cloudphone/shared/events/catalog";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decision, SagaInput } from "../../platform/context.ts";
import { decideBatch, type InstallBatch, installBatchSaga } from "./install-batch.ts";

const options = { silenceMs: 1000 };
const saga = installBatchSaga(options);
type BatchEvent = (typeof saga.on)[number];
type Input = SagaInput<BatchEvent>;

const batchId = "batch";
const event = (type: BatchEvent, data: object, correlationId = batchId): Input => ({
  kind: "event",
  event: { type, data, correlationId } as unknown as RecordedEvent<BatchEvent>,
});

/** A batch over `hosts`: how many phones each has. */
const asked = (hosts: readonly number[], parallel: number): Input =>
  event("app.batch.requested", {
    batchId,
    userId: "user",
    appId: "app",
    packageName: "a.b",
    parallel,
    items: hosts.flatMap((phones, host) =>
      Array.from({ length: phones }, (_, phone) => ({
        commandId: `c${host}.${phone}`,
        deviceId: `d${host}.${phone}`,
        hostId: `h${host}`,
      })),
    ),
  });
const installed = (commandId: string): Input => event("app.install.completed", { commandId });
const failed = (commandId: string): Input => event("app.install.failed", { commandId });
const refused = (commandId: string): Input =>
  event("app.batch.install.refused", { batchId, commandId });
const cancel = event("app.batch.cancel.requested", { batchId });
const deadline: Input = { kind: "deadline" };

interface Told {
  readonly batch: InstallBatch | null;
  readonly last: Decision<InstallBatch> | null;
  readonly emitted: readonly EventDraft[];
}

function tell(
  inputs: readonly Input[],
  from: Told = { batch: null, last: null, emitted: [] },
): Told {
  let { batch, last } = from;
  const emitted = [...from.emitted];
  for (const input of inputs) {
    const decision: Decision<InstallBatch> | null = decideBatch(batch, input, options);
    if (!decision) continue;
    // What is stored is JSON, so what is decided on is too.
    batch = JSON.parse(JSON.stringify(decision.state)) as InstallBatch;
    last = decision;
    emitted.push(...decision.emit);
  }
  return { batch, last, emitted };
}

const turns = ({ emitted }: Pick<Told, "emitted">): string[] =>
  emitted.flatMap((draft) =>
    draft.type === "app.batch.install.requested" ? [draft.data.commandId] : [],
  );
const ends = ({ emitted }: Told) =>
  emitted.flatMap((draft) => (draft.type === "app.batch.completed" ? [draft.data] : []));

describe("a batch of installs", () => {
  it("asks for as many at a time on each host as it may, and for the next when one has ended", () => {
    const begun = tell([asked([3, 1], 2)]);
    expect(turns(begun)).toEqual(["c0.0", "c0.1", "c1.0"]);
    expect(turns(tell([installed("c1.0")], begun))).toHaveLength(3);
    expect(turns(tell([failed("c0.1")], begun)).at(-1)).toBe("c0.2");
    expect(turns(tell([refused("c0.1")], begun)).at(-1)).toBe("c0.2");
  });

  it("ends once each phone has it or has failed, and tells how many", () => {
    const told = tell([asked([3], 3), installed("c0.0"), failed("c0.1"), installed("c0.2")]);
    expect(ends(told)).toMatchObject([{ installed: 2, failed: 1, cancelled: 0 }]);
    expect(told.last).toMatchObject({ status: "completed", phase: "done", deadlineMs: null });
  });

  it("cancelled, asks for no more, and ends with what is under way", () => {
    const told = tell([asked([3], 1), cancel]);
    expect(told.emitted.at(-1)).toMatchObject({
      type: "app.batch.installs.cancelled",
      data: { commandIds: ["c0.1", "c0.2"] },
    });
    expect(told.last?.status).toBe("running");
    const over = tell([installed("c0.0")], told);
    expect(turns(over)).toEqual(["c0.0"]);
    expect(ends(over)).toMatchObject([{ installed: 1, failed: 0, cancelled: 2 }]);
  });

  it("is undone by an operator as its customer cancels it, and given another while", () => {
    const asks = (wish: "retry" | "compensate"): Input => ({
      ...{ kind: "operator", wish, reason: "by hand", at: "2026-11-25T00:00:00Z" },
    });
    const begun = tell([asked([3], 1)]);
    expect(tell([asks("compensate")], begun)).toEqual(tell([cancel], begun));
    const alone = tell([asks("compensate")], begun).batch;
    expect(decideBatch(alone, asks("compensate"), options), "nothing waits").toBeNull();
    const more = tell([asks("retry")], begun);
    expect(more.last).toMatchObject({ status: "running", deadlineMs: 1000, emit: [] });
    const over = tell([installed("c0.0")], tell([asks("compensate")], begun)).batch;
    expect(decideBatch(over, asks("retry"), options), "it has ended").toBeNull();
  });

  it("after a silence gives up those under way and goes on with the others", () => {
    const silent = tell([asked([2, 2], 1), deadline]);
    expect(turns(silent)).toEqual(["c0.0", "c1.0", "c0.1", "c1.1"]);
    // It was only late.
    const late = tell([installed("c0.0"), installed("c0.1"), failed("c1.1")], silent);
    expect(ends(late)).toMatchObject([{ installed: 2, failed: 2 }]);
  });

  it("takes an outcome once, and none of an install that is not its own", () => {
    const begun = tell([asked([2], 1)]);
    const after = tell([failed("other"), failed("c0.0"), failed("c0.0")], begun);
    expect(turns(after)).toEqual(["c0.0", "c0.1"]);
    expect(decideBatch(null, installed("c0.0"), options)).toBeNull();
  });

  it("belongs to its id, by which its installs are correlated", () => {
    const of = (input: Input) => (input.kind === "event" ? saga.route(input.event) : null);
    expect([cancel, refused("c"), installed("c")].map(of)).toEqual([batchId, batchId, batchId]);
  });

  it("never has more under way on a host than it may, asks for each install once, and always ends", () => {
    const hosts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
    const moves = fc.array(
      fc.record({ pick: fc.nat(), kind: fc.constantFrom("ok", "bad", "refuse", "cancel", "late") }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 3 }), moves, (phones, parallel, steps) => {
        let told = tell([asked(phones, parallel)]);
        const underWay = (): string[] =>
          (told.batch?.items ?? []).flatMap((item) =>
            item.state === "asked" ? [item.commandId] : [],
          );
        const check = (): void => {
          for (const [host] of phones.entries())
            expect(
              underWay().filter((id) => id.startsWith(`c${host}.`)).length,
            ).toBeLessThanOrEqual(parallel);
        };
        check();
        for (const { pick, kind } of steps) {
          const open = underWay();
          const id = open[pick % Math.max(1, open.length)] ?? "none";
          const input = {
            ok: installed(id),
            bad: failed(id),
            refuse: refused(id),
            cancel,
            late: deadline,
          }[kind];
          told = tell([input], told);
          check();
        }
        for (let left = 100; left > 0 && underWay().length > 0; left--)
          told = tell([installed(underWay()[0] ?? "")], told);
        expect(new Set(turns(told)).size).toBe(turns(told).length);
        const [end, more] = ends(told);
        expect(more).toBeUndefined();
        expect((end?.installed ?? 0) + (end?.failed ?? 0) + (end?.cancelled ?? 0)).toBe(
          phones.reduce((sum, count) => sum + count, 0),
        );
      }),
    );
  });
});
