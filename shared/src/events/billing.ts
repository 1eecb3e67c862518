import { z } from "zod";
import { deviceSpecSchema, leaseRefSchema } from "../device.ts";
import { idSchema } from "../ids.ts";
import { amountMinorSchema, currencySchema } from "../money.ts";
import { event } from "./define.ts";
import { samplePhone as spec } from "./sample-phone.ts";

const orderId = "018f3c5a-0000-7000-8000-0000000000b1";
const sagaId = orderId;
const planId = "018f3c5a-0000-7000-8000-0000000000b9";
const userId = "018f3c5a-0000-7000-8000-000000000011";
const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const runId = "018f3c5a-0000-7000-8000-0000000000a1";
const order = z.object({ orderId: idSchema, sagaId: idSchema, userId: idSchema });
const money = { amountMinor: amountMinorSchema, currency: currencySchema };
const sampleMoney = { amountMinor: 1990, currency: "CNY" };

/** Subject: the order's id. */
export const orderEvents = {
  "order.created": event(
    "billing",
    order.extend({
      planId: idSchema,
      ...money,
      spec: deviceSpecSchema,
      labels: z.record(z.string(), z.string()),
      leaseMs: z.int().min(1).nullable(),
    }),
    { orderId, sagaId, userId, planId, ...sampleMoney, spec, labels: {}, leaseMs: null },
  ),
  "order.paid": event("billing", order.extend({ deviceId: idSchema, ...money }), {
    orderId,
    sagaId,
    userId,
    deviceId,
    ...sampleMoney,
  }),
  "order.cancelled": event("billing", order.extend({ reason: z.string() }), {
    orderId,
    sagaId,
    userId,
    reason: "No phone was free.",
  }),
  /** It will soon be over, unless it is renewed. */
  "order.expiring": event(
    "billing",
    order.extend({ expiresAt: z.iso.datetime(), autoRenew: z.boolean(), ...money }),
    {
      orderId,
      sagaId,
      userId,
      expiresAt: "2026-11-30T08:00:00.000Z",
      autoRenew: true,
      ...sampleMoney,
    },
  ),
  /** Paid for once more: its lease is to last `leaseMs` longer. `period` counts from 1, the purchase. */
  "order.renewed": event(
    "billing",
    order.extend({ period: z.int().min(2), leaseMs: z.int().min(1), ...money }),
    { orderId, sagaId, userId, period: 2, leaseMs: 604_800_000, ...sampleMoney },
  ),
  /** It was to renew itself and could not, so far. */
  "order.renewal.failed": event("billing", order.extend({ reason: z.string() }), {
    orderId,
    sagaId,
    userId,
    reason: "The balance is 3.00 CNY and the plan costs 19.90 CNY.",
  }),
  /** A paid order that is over: its lease was given back or ran out. */
  "order.ended": event("billing", order.extend({ reason: z.string() }), {
    orderId,
    sagaId,
    userId,
    reason: "The customer returned the phone.",
  }),
};

/** Subject: the order's id; of a top-up, the user's id. */
export const paymentEvents = {
  "payment.hold.requested": event("billing", order.extend(money), {
    orderId,
    sagaId,
    userId,
    ...sampleMoney,
  }),
  "payment.held": event("billing", order.extend(money), {
    orderId,
    sagaId,
    userId,
    ...sampleMoney,
  }),
  "payment.refused": event("billing", order.extend({ reason: z.string() }), {
    orderId,
    sagaId,
    userId,
    reason: "The balance is 3.00 CNY and the plan costs 19.90 CNY.",
  }),
  "payment.capture.requested": event("billing", order, { orderId, sagaId, userId }),
  "payment.captured": event("billing", order.extend(money), {
    orderId,
    sagaId,
    userId,
    ...sampleMoney,
  }),
  "payment.void.requested": event("billing", order.extend({ reason: z.string() }), {
    orderId,
    sagaId,
    userId,
    reason: "The order was cancelled.",
  }),
  "payment.voided": event("billing", order.extend(money), {
    orderId,
    sagaId,
    userId,
    ...sampleMoney,
  }),
  /** What the customer spent this month has come to their own limit: their phones are switched off, and nothing is bought. */
  "wallet.limit.reached": event(
    "billing",
    z.object({
      userId: idSchema,
      limitMinor: amountMinorSchema,
      spentMinor: amountMinorSchema,
      currency: currencySchema,
    }),
    { userId, limitMinor: 5000, spentMinor: 5020, currency: "CNY" },
  ),
  /** The limit was raised or taken away, or another month has begun. */
  "wallet.limit.cleared": event("billing", z.object({ userId: idSchema }), { userId }),
  /** What a customer has, less what open runs cost so far, came below what the operator calls low. */
  "wallet.low": event(
    "billing",
    z.object({ userId: idSchema, balanceMinor: amountMinorSchema, currency: currencySchema }),
    { userId, balanceMinor: 480, currency: "CNY" },
  ),
  /** Money of a paid order went back to the wallet. */
  "payment.refunded": event(
    "billing",
    order.extend({ refundId: idSchema, ...money, reason: z.string() }),
    { orderId, sagaId, userId, refundId: runId, ...sampleMoney, reason: "The phone was faulty." },
  ),
  "wallet.credited": event(
    "billing",
    z.object({ userId: idSchema, ...money, reason: z.string() }),
    { userId, ...sampleMoney, reason: "Top-up" },
  ),
};

/** Subject: the run's id. */
export const usageEvents = {
  "usage.opened": event(
    "billing",
    z.object({ runId: idSchema, deviceId: idSchema, lease: leaseRefSchema }),
    { runId, deviceId, lease: { leaseId: planId, orderId, userId, token: 1 } },
  ),
  "usage.rated": event(
    "billing",
    z.object({
      runId: idSchema,
      deviceId: idSchema,
      orderId: idSchema,
      planId: idSchema,
      userId: idSchema,
      startedAt: z.iso.datetime(),
      durationMs: z.int().min(0),
      includedMs: z.int().min(0),
      ...money,
    }),
    {
      runId,
      deviceId,
      orderId,
      planId,
      userId,
      startedAt: "2026-11-23T08:00:00.000Z",
      durationMs: 3_600_000,
      includedMs: 0,
      ...sampleMoney,
    },
  ),
};
