import type {
  EventData,
  EventDraft,
  EventType,
  RecordedEvent,
} from "@cloudphone/shared/events/catalog";
import { eventCatalog } from "@cloudphone/shared/events/catalog";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Decision, Intervention, SagaInput } from "../../platform/context.ts";
import { decidePurchase, type Purchase, purchaseSaga } from "./purchase.ts";

const options = { deadlineMs: 30_000 };
const saga = purchaseSaga(options);
type PurchaseEvent = (typeof saga.on)[number];
type Input = SagaInput<PurchaseEvent>;

const order = (eventCatalog["order.created"].versions[0]?.sample ??
  {}) as EventData<"order.created">;
const { orderId } = order;

/** The stored sample of an event, at a time in seconds, and about this order wherever it names one. */
function heard(type: PurchaseEvent, atS = 0): Input {
  const data = eventCatalog[type].versions.at(-1)?.sample;
  const recordedAt = new Date(atS * 1000).toISOString();
  return {
    kind: "event",
    event: { type, data, recordedAt } as unknown as RecordedEvent<PurchaseEvent>,
  };
}
const deadline: Input = { kind: "deadline" };
const asks = (wish: Intervention, atS = 0): Input => ({
  kind: "operator",
  wish,
  reason: "by hand",
  at: new Date(atS * 1000).toISOString(),
});

interface Told {
  readonly purchase: Purchase | null;
  readonly last: Decision<Purchase> | null;
  readonly emitted: readonly EventDraft[];
}

function tell(inputs: readonly Input[]): Told {
  let purchase: Purchase | null = null;
  let last: Decision<Purchase> | null = null;
  const emitted: EventDraft[] = [];
  for (const input of inputs) {
    const decision: Decision<Purchase> | null = decidePurchase(purchase, input, options);
    if (!decision) continue;
    // What is stored is JSON, so what is decided on is too.
    purchase = JSON.parse(JSON.stringify(decision.state)) as Purchase;
    last = decision;
    emitted.push(...decision.emit);
  }
  return { purchase, last, emitted };
}

const types = (told: Told): EventType[] => told.emitted.map((draft) => draft.type);
const count = (told: Told, type: EventType): number =>
  types(told).filter((emitted) => emitted === type).length;
const happy: readonly PurchaseEvent[] = [
  "order.created",
  "payment.held",
  "device.allocated",
  "device.started",
  "payment.captured",
];

test("order, hold, phone, running, capture: paid", () => {
  const told = tell(happy.map((type) => heard(type)));
  expect(types(told)).toEqual([
    "payment.hold.requested",
    "device.allocate.requested",
    "payment.capture.requested",
    "order.paid",
  ]);
  expect(told.last).toMatchObject({ status: "completed", phase: "paid", deadlineMs: null });
});

test("a refused payment cancels before any phone is asked for", () => {
  const told = tell([heard("order.created"), heard("payment.refused")]);
  expect(types(told)).not.toContain("device.allocate.requested");
  expect(types(told)).not.toContain("device.release.requested");
  expect(told.last).toMatchObject({ status: "compensated", phase: "cancelled" });
});

test("no phone, a phone taken away, or a deadline: the hold is voided, the phone released, the order cancelled", () => {
  const begun = [heard("order.created"), heard("payment.held")];
  for (const end of [heard("device.allocate.failed"), heard("device.released"), deadline]) {
    const told = tell([...begun, end]);
    expect(types(told).slice(-3)).toEqual([
      "payment.void.requested",
      "device.release.requested",
      "order.cancelled",
    ]);
    expect(told.last?.status).toBe("compensated");
  }
});

test("what comes after the cancellation is given back: a phone, a run, a hold", () => {
  const cancelled = [heard("order.created"), heard("payment.held"), deadline];
  const before = tell(cancelled);
  for (const [late, answer] of [
    ["device.allocated", "device.release.requested"],
    ["device.started", "device.release.requested"],
    ["payment.held", "payment.void.requested"],
  ] as const) {
    const told = tell([...cancelled, heard(late)]);
    expect(types(told).slice(before.emitted.length)).toEqual([answer]);
    expect(told.last?.status).toBe("compensated");
  }
});

test("the time for the phone runs on over its allocation, and is never longer than the whole, whatever the clock does", () => {
  const begun = [heard("order.created", 0), heard("payment.held", 10)];
  expect(tell([...begun, heard("device.allocated", 30)]).last?.deadlineMs).toBe(10_000);
  expect(tell([...begun, heard("device.allocated", 4000)]).last?.deadlineMs).toBe(1);
  expect(tell([...begun, heard("device.allocated", -4000)]).last?.deadlineMs).toBe(30_000);
});

test("once the capture is asked for there is no way back: it is asked for again, then it is an operator's, and a late answer still completes it", () => {
  const asked = happy.slice(0, 4).map((type) => heard(type));
  const stuck = tell([...asked, deadline, heard("device.released"), deadline, deadline]);
  expect(count(stuck, "payment.capture.requested")).toBe(3);
  expect(count(stuck, "payment.void.requested")).toBe(0);
  expect(stuck.last).toMatchObject({ status: "needs_operator", deadlineMs: null });
  const told = tell([...asked, deadline, deadline, deadline, heard("payment.captured")]);
  expect(told.last?.status).toBe("completed");
});

test("an operator has it ask again for what it waits for, with the whole time anew", () => {
  const [created, held, allocated, started] = happy.map((type) => heard(type, 10));
  const steps = [created, held, allocated, started] as Input[];
  const asked = ["payment.hold.requested", "device.allocate.requested", null] as const;
  for (const [at, question] of [...asked, "payment.capture.requested"].entries()) {
    const told = tell([...steps.slice(0, at + 1), asks("retry", 500)]);
    expect(told.last?.emit.map(({ type }) => type)).toEqual(question === null ? [] : [question]);
    expect(told.last).toMatchObject({ status: "running", deadlineMs: 30_000 });
  }
  // The time for the phone begins when an operator says so.
  const late = tell([...steps.slice(0, 2), asks("retry", 500), heard("device.allocated", 510)]);
  expect(late.last?.deadlineMs).toBe(20_000);
});

test("an operator brings a purchase that came to a stand at its payment to its end", () => {
  const stuck = [...happy.slice(0, 4).map((type) => heard(type)), deadline, deadline, deadline];
  expect(tell(stuck).last?.status).toBe("needs_operator");
  const told = tell([...stuck, asks("retry"), heard("payment.captured")]);
  expect(told.last).toMatchObject({ status: "completed", phase: "paid" });
});

test("an operator undoes a purchase: at once before the payment was asked for, then once the wallet says that it was not taken", () => {
  const early = tell([heard("order.created"), heard("payment.held"), asks("compensate")]);
  expect(early.last).toMatchObject({ status: "compensated", note: "by hand" });
  const asked = [...happy.slice(0, 4).map((type) => heard(type)), asks("compensate")];
  const undoing = tell(asked);
  expect(undoing.last).toMatchObject({ status: "running", phase: "undoing the payment" });
  expect(types(undoing)).not.toContain("order.cancelled");
  const undone = tell([...asked, heard("payment.voided")]);
  expect(undone.last?.status).toBe("compensated");
  expect(types(undone)).toContain("device.release.requested");
  const taken = tell([...asked, heard("payment.captured")]);
  expect(taken.last).toMatchObject({ status: "completed", phase: "paid" });
  expect(tell([...asked, deadline]).last?.status).toBe("needs_operator");
  const again = tell([...asked, deadline, asks("retry")]);
  expect(types(again).at(-1)).toBe("payment.void.requested");
});

test("an operator changes nothing of a purchase that has ended", () => {
  const ended = [happy.map((type) => heard(type)), [heard("order.created"), deadline]];
  for (const inputs of ended)
    for (const wish of ["retry", "compensate"] as const)
      expect(decidePurchase(tell(inputs).purchase, asks(wish), options)).toBeNull();
});

test("every order and repetition of a good purchase's events ends paid, with each thing asked for once", () => {
  for (const events of permutations(happy.slice(1, 4))) {
    for (const repeated of [...events, null]) {
      const told = tell([
        heard("order.created"),
        ...events.flatMap((type) =>
          type === repeated ? [heard(type), heard(type)] : [heard(type)],
        ),
        heard("payment.captured"),
        heard("payment.captured"),
      ]);
      expect(told.last?.status).toBe("completed");
      for (const type of new Set(types(told))) expect(count(told, type)).toBe(1);
    }
  }
});

test("whatever arrives in whatever order, money is asked for only for a phone that runs, never both taken and given back, and an end is one end", () => {
  const any = fc.constantFrom<Input>(...saga.on.map((type) => heard(type)), deadline);
  fc.assert(
    fc.property(fc.array(any, { maxLength: 25 }), (inputs) => {
      expect(problemsOf(tell([heard("order.created"), ...inputs]))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

function problemsOf(told: Told): string[] {
  const { purchase, last } = told;
  const asked = types(told);
  const paid = count(told, "order.paid");
  const cancelled = count(told, "order.cancelled");
  const wrong: Record<string, boolean> = {
    "money was asked for before the phone ran":
      asked.includes("payment.capture.requested") && !(purchase?.held && purchase.started),
    "both taken and given back":
      asked.includes("payment.capture.requested") && asked.includes("payment.void.requested"),
    "the phone was released though it is paid for":
      asked.includes("payment.capture.requested") && asked.includes("device.release.requested"),
    "more than one end": paid + cancelled > 1,
    "another end than it says": purchase?.end !== (paid ? "paid" : cancelled ? "cancelled" : null),
    "two phones asked for": count(told, "device.allocate.requested") > 1,
    "open without a deadline": last?.status === "running" && !last.deadlineMs,
    "completed without being paid": (last?.status === "completed") !== (purchase?.end === "paid"),
  };
  return Object.keys(wrong).filter((problem) => wrong[problem]);
}

test("from wherever it is, four deadlines in a row end it", () => {
  const any = fc.constantFrom<Input>(...saga.on.map((type) => heard(type)));
  fc.assert(
    fc.property(fc.array(any, { maxLength: 10 }), (inputs) => {
      const told = tell([
        heard("order.created"),
        ...inputs,
        ...[deadline, deadline, deadline, deadline],
      ]);
      expect(told.last?.status).not.toBe("running");
    }),
  );
});

test("in a world that answers late, twice or never, a purchase ends paid or cancelled, with the money and the phone where that says", () => {
  const die = fc.infiniteStream(fc.nat({ max: 99 }));
  const conditions = fc.record({
    rich: fc.boolean(),
    room: fc.boolean(),
    operator: fc.boolean(),
  });
  fc.assert(
    fc.property(die, conditions, (dice, has) => {
      const world = new World(() => dice.next().value as number, has);
      const status = world.play();
      expect(world.problems).toEqual([]);
      expect(["completed", "compensated", "needs_operator"]).toContain(status);
      expect(world.holds(status)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

interface Conditions {
  readonly rich: boolean;
  readonly room: boolean;
  /** Somebody steps in now and then. */
  readonly operator: boolean;
}

/** Answers what the saga asks for as the wallet, the scheduler and a host do: late, twice, in another order, or not at all. */
class World {
  readonly problems: string[] = [];
  readonly #roll: () => number;
  readonly #has: Conditions;
  readonly #told: Input[] = [heard("order.created")];
  readonly #asked: EventDraft[] = [];
  #money: "free" | "held" | "captured" | "voided" = "free";
  #leased = false;
  #ran = false;

  constructor(roll: () => number, has: Conditions) {
    this.#roll = roll;
    this.#has = has;
  }

  /** The purchase's status when nothing moves any more. */
  play(): string {
    let purchase: Purchase | null = null;
    let status = "running";
    while (this.#told.length + this.#asked.length > 0 || status === "running") {
      const ask = this.#roll() < 50 ? this.#asked.shift() : undefined;
      if (ask) {
        this.#answer(ask);
        continue;
      }
      const input = this.#next(purchase);
      const decision: Decision<Purchase> | null = input && decidePurchase(purchase, input, options);
      if (!decision) continue;
      ({ state: purchase, status } = decision);
      this.#asked.push(...decision.emit);
    }
    return status;
  }

  /** Whether money and phone are where this end says. */
  holds(status: string): boolean {
    if (status === "completed") return this.#money === "captured" && this.#leased && this.#ran;
    if (status === "needs_operator") return this.#ran && this.#money !== "voided";
    return (this.#money === "free" || this.#money === "voided") && !this.#leased;
  }

  /** An answer that is on its way, now and then twice; or the deadline, should none be in time. */
  #next(purchase: Purchase | null): Input | null {
    const late = purchase !== null && this.#roll() < 5;
    if (late || this.#told.length === 0) return purchase === null ? null : deadline;
    const place = purchase === null ? 0 : this.#roll() % this.#told.length;
    if (purchase !== null && this.#has.operator && this.#roll() < 10)
      return asks(this.#roll() < 50 ? "retry" : "compensate");
    const twice = this.#roll() < 15;
    return (twice ? this.#told[place] : this.#told.splice(place, 1)[0]) ?? null;
  }

  #answer({ type }: EventDraft): void {
    if (type === "payment.hold.requested") {
      if (this.#has.rich && this.#money === "free") this.#money = "held";
      const isHeld = this.#money === "held" || this.#money === "captured";
      this.#told.push(heard(isHeld ? "payment.held" : "payment.refused"));
    } else if (type === "payment.void.requested") {
      // Of money that was taken it is passed over, as by the wallet; only an operator's wish asks for it then.
      if (this.#money === "captured" && !this.#has.operator)
        this.problems.push("given back after it was taken");
      if (this.#money === "captured") return;
      if (this.#money === "held") this.#told.push(heard("payment.voided"));
      this.#money = "voided";
    } else if (type === "payment.capture.requested") {
      if (this.#money === "voided") this.problems.push("taken after it was given back");
      if (!this.#ran) this.problems.push("taken though no phone ran");
      this.#money = "captured";
      this.#told.push(heard("payment.captured"));
    } else if (type === "device.allocate.requested") this.#allocate();
    else if (type === "device.release.requested") this.#leased = false;
  }

  #allocate(): void {
    // An order gets one lease at the most.
    if (this.#leased) return;
    this.#leased = this.#has.room;
    this.#told.push(heard(this.#has.room ? "device.allocated" : "device.allocate.failed"));
    if (!this.#has.room || this.#roll() < 20) return;
    this.#ran = true;
    this.#told.push(heard("device.started"));
  }
}

test("an event finds its purchase by its order, or by its lease's", () => {
  const routes = saga.on.map((type) => {
    const input = heard(type);
    return input.kind === "event" ? saga.route(input.event) : null;
  });
  expect(new Set(routes)).toEqual(new Set([orderId]));
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) =>
    permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]),
  );
}
