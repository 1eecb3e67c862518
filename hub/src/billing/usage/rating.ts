import type { Id } from "@cloudphone/shared/ids";
import { chargeMinor } from "@cloudphone/shared/money";
import type { HandlerContext } from "../../platform/context.ts";
import { chargeUsage } from "../ledger/movements.ts";
import { addUsage, lockOrder, type Order } from "../orders/orders.ts";
import { closedRuns, type UsageRecord } from "./records.ts";

export interface Rating {
  /** How much of the stretch the plan's price already covers. */
  readonly includedMs: number;
  readonly amountMinor: number;
}

/**
 * Prices the next `durationMs` of an order of which `usedMs` were rated before. Rated over the order's running total, so however its time is cut into runs
 * and corrections, the charges add up to the price of the whole. Pure.
 */
export function rate(
  terms: { readonly includedMs: number; readonly hourlyMinor: number },
  stretch: { readonly usedMs: number; readonly durationMs: number },
): Rating {
  const { usedMs, durationMs } = stretch;
  const left = Math.max(0, terms.includedMs - usedMs);
  return {
    includedMs: Math.min(left, durationMs),
    amountMinor: chargeMinor(usedMs, durationMs, terms),
  };
}

/**
 * Charges what is closed and not yet rated of an order's runs; `only` names the one that may have changed. Before the order is paid nothing happens (its payment
 * brings us back), and a cancelled order's runs are never charged. The caller holds the ledger's lock.
 */
export async function rateOrder(orderId: Id, context: HandlerContext, only?: Id): Promise<void> {
  const order = await lockOrder(context.tx, orderId);
  if (order?.state !== "paid" && order?.state !== "ended") return;
  let usedMs = order.usedMs;
  for (const run of await closedRuns(context.tx, orderId, only ?? null)) {
    const durationMs = run.durationMs - (run.ratedMs ?? 0);
    // An empty run is rated once, at nothing: its end is said like any other's.
    if (durationMs === 0 && run.ratedMs !== null) continue;
    await charge(context, { order, run, ...rate(order, { usedMs, durationMs }), durationMs });
    usedMs += durationMs;
  }
}

interface Charge extends Rating {
  readonly order: Order;
  readonly run: UsageRecord & { readonly durationMs: number };
  readonly durationMs: number;
}

async function charge(
  { tx, source, emit }: HandlerContext,
  { order, run, durationMs, includedMs, amountMinor }: Charge,
): Promise<void> {
  const correction = run.ratedMs !== null;
  const movement = {
    userId: order.userId,
    currency: order.currency,
    amountMinor,
    // The total it reaches names a correction: a run is corrected to one length once.
    of: correction ? `${run.runId}:${run.durationMs}` : run.runId,
    memo: `${correction ? "Correction: " : ""}${seconds(durationMs)} s of order ${order.id}`,
    correlationId: null,
  };
  await chargeUsage(tx, movement, source);
  await addUsage(tx, order.id, { durationMs, amountMinor });
  await tx`update usage_records set rated_ms = duration_ms, included_ms = included_ms + ${includedMs},
    amount_minor = amount_minor + ${amountMinor} where run_id = ${run.runId}`;
  await emit({
    type: "usage.rated",
    subject: run.runId,
    data: {
      runId: run.runId,
      deviceId: run.deviceId,
      orderId: order.id,
      planId: order.planId,
      userId: order.userId,
      startedAt: run.startedAt,
      durationMs,
      includedMs,
      amountMinor,
      currency: order.currency,
    },
  });
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
