import type { Guard } from "./guard.ts";

const ledger = "hub/src/billing/ledger/ledger.int.test.ts";
const billing = "hub/src/billing/billing.int.test.ts";
const payments = "hub/src/billing/orders/payments.int.test.ts";
const purchase = "hub/src/billing/orders/purchase.test.ts";
const usage = "hub/src/billing/usage/usage.int.test.ts";
const record = "hub/src/billing/usage/record.test.ts";

/** What holds for money. */
export const billingGuards: readonly Guard[] = [
  {
    name: "the ledger's sum is zero, by a trigger",
    file: "hub/src/billing/migrations/0002-create-ledger.sql",
    guard:
      "    raise exception 'ledger transaction % does not add up to zero', wanted using errcode = 'check_violation';\n",
    without: "    null;\n",
    test: {
      file: ledger,
      name: "a transaction that does not add up to zero, or has one entry, or none, is refused at its commit",
    },
  },
  {
    name: "the ledger's sum is zero in each currency",
    file: "hub/src/billing/migrations/0002-create-ledger.sql",
    guard: "where e.transaction_id = wanted group by a.currency having",
    without: "where e.transaction_id = wanted having",
    test: { file: ledger, name: "two currencies can't balance each other" },
  },
  {
    name: "what is posted stays as it is",
    file: "hub/src/billing/migrations/0002-create-ledger.sql",
    guard:
      "  raise exception 'the ledger is append-only; post a correcting transaction' using errcode = 'restrict_violation';\n",
    without: "  return null;\n",
    test: {
      file: ledger,
      name: "what is posted can't be changed, deleted, emptied or added to, also when the wall of grants is gone",
    },
  },
  {
    name: "a reference is posted once",
    file: "hub/src/billing/ledger/ledger.ts",
    guard: "    values (${id}, ${posting.kind}, ${posting.reference}, ",
    without: "    values (${id}, ${posting.kind}, ${source.id()}, ",
    test: {
      file: ledger,
      name: "the same reference is posted once, and a movement of zero not at all",
    },
  },
  {
    name: "money is set aside only as far as it goes",
    file: "hub/src/billing/ledger/movements.ts",
    guard:
      '  if (balanceMinor < movement.amountMinor) return { outcome: "short", balanceMinor };\n',
    without: "",
    test: {
      file: ledger,
      name: "holds that race for the same money are granted only as far as it goes",
    },
  },
  {
    name: "the ledger is written by one at a time",
    file: "hub/src/billing/ledger/ledger.ts",
    guard: "  await tx`select pg_advisory_xact_lock(hashtext('cloudphone.ledger'))`;\n",
    without: "",
    test: {
      file: ledger,
      name: "holds that race for the same money are granted only as far as it goes",
    },
  },
  {
    name: "the payment is captured once",
    file: "hub/src/billing/orders/payments.ts",
    guard: '  if (payment.state === "held") {\n',
    without: "  if (payment !== null) {\n",
    test: {
      file: payments,
      name: "a capture that is asked for again gets the same answer and changes nothing",
    },
  },
  {
    name: "what was given back can't be captured",
    file: "hub/src/billing/orders/payments.ts",
    guard: 'if (payment?.state !== "held" && payment?.state !== "captured")',
    without: "if (!payment)",
    test: { file: payments, name: "money that was given back can't be taken" },
  },
  {
    name: "what was captured can't be given back",
    file: "hub/src/billing/orders/payments.ts",
    guard: '  if (payment.state !== "held") return;\n',
    without: "",
    test: { file: payments, name: "money that was taken can't be given back" },
  },
  {
    name: "no capture before the phone runs",
    file: "hub/src/billing/orders/purchase.ts",
    guard: "if (held && deviceId !== null && started && capturesAsked === 0)",
    without: "if (held && deviceId !== null && capturesAsked === 0)",
    test: {
      file: purchase,
      name: "whatever arrives in whatever order, money is asked for only for a phone that runs, never both taken and given back, and an end is one end",
    },
  },
  {
    name: "the hold is voided when the order is cancelled",
    file: "hub/src/billing/orders/purchase.ts",
    guard: "  const emit: EventDraft[] = [askVoid(purchase.order, reason)];\n",
    without: "  const emit: EventDraft[] = [];\n",
    test: {
      file: billing,
      name: "no phone: the order is cancelled with the reason and the hold given back",
    },
  },
  {
    name: "the phone is released when the order is cancelled",
    file: "hub/src/billing/orders/purchase.ts",
    guard: "    emit.push(askRelease(purchase.order, reason));\n",
    without: "    emit.push();\n",
    test: {
      file: purchase,
      name: "no phone, a phone taken away, or a deadline: the hold is voided, the phone released, the order cancelled",
    },
  },
  {
    name: "a phone that comes after the cancellation is given back",
    file: "hub/src/billing/orders/purchase.ts",
    guard: '  if (purchase.end === "cancelled") return giveBackLate(purchase, input);\n',
    without: '  if (purchase.end === "cancelled") return null;\n',
    test: {
      file: billing,
      name: "no answer before the deadline: cancelled, and a phone that comes and runs later is given back and not charged",
    },
  },
  {
    name: "a run is rated once",
    file: "hub/src/billing/usage/rating.ts",
    guard: "const durationMs = run.durationMs - (run.ratedMs ?? 0);",
    without: "const durationMs = run.durationMs;",
    test: {
      file: usage,
      name: "runs told in any order and any number of times are each billed once, to the price of their total",
    },
  },
  {
    name: "a run is not charged before its order is paid",
    file: "hub/src/billing/usage/rating.ts",
    guard: '  if (order?.state !== "paid" && order?.state !== "ended") return;\n',
    without: "  if (!order) return;\n",
    test: {
      file: billing,
      name: "no answer before the deadline: cancelled, and a phone that comes and runs later is given back and not charged",
    },
  },
  {
    name: "a host's word on a run's end is final",
    file: "hub/src/billing/usage/record.ts",
    guard: '  if (run.closedBy === "host") return run;\n',
    without: "",
    test: {
      file: record,
      name: "once its host has told the end, nothing that comes late changes it",
    },
  },
  {
    name: "runs of a store that is gone end at their last confirmed second",
    file: "hub/src/billing/usage/consumer.ts",
    guard: "        await giveUpRuns(data.hostId, data.epoch, context);\n",
    without: "        await Promise.resolve();\n",
    test: {
      file: usage,
      name: "a host whose store is new ends its older runs at the last confirmed second, and only those",
    },
  },
  {
    name: "the terms of a plan are never edited",
    file: "hub/src/billing/migrations/0001-create-plans.sql",
    guard:
      "    raise exception 'the terms of a plan are never edited; add a plan that replaces it' using errcode = 'restrict_violation';\n",
    without: "    null;\n",
    test: {
      file: billing,
      name: "a new price is a new plan, and an order keeps the terms it was sold under",
    },
  },
  {
    name: "no more is given back than was taken",
    file: "hub/src/billing/orders/refunds.ts",
    guard: "if (leftMinor > 0 && amountMinor <= leftMinor) return null;",
    without: "if (leftMinor > -1e9) return null;",
    test: {
      file: "hub/src/billing/orders/refunds.int.test.ts",
      name: "asked again with the same key it is the same refund; two others at once never give back too much",
    },
  },
  {
    name: "a renewal whose lease was over goes back",
    file: "hub/src/billing/orders/consumer.ts",
    guard: "if (!order || order.priceMinor === 0) return;",
    without: "if (order) return;",
    test: {
      file: "hub/src/billing/orders/renewals.int.test.ts",
      name: "what a renewal cost goes back by itself when the lease was over",
    },
  },
];
