import type { DeviceSpec } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Query, Tx } from "../../platform/postgres/database.ts";

/** What an order copies when a plan is sold. */
export interface Terms {
  readonly currency: string;
  /** Taken once, when the order is paid. */
  readonly priceMinor: number;
  /** Running time the price covers; what runs beyond it costs `hourlyMinor` an hour. */
  readonly includedMs: number;
  readonly hourlyMinor: number;
  /** How long the phone stays the customer's; null: until it is given back. */
  readonly leaseMs: number | null;
  readonly spec: DeviceSpec;
  /** What the host must be like: `{abi: "arm64"}`. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Plan extends Terms {
  readonly id: Id;
  readonly name: string;
  readonly description: string;
  /** False: sold no more. */
  readonly active: boolean;
  /** Part of the first set that comes with a new platform. */
  readonly demo: boolean;
  /** The plan whose place it took. */
  readonly replaces: Id | null;
}

interface PlanRow {
  id: Id;
  name: string;
  description: string;
  currency: string;
  price_minor: number;
  included_ms: number;
  hourly_minor: number;
  lease_ms: number | null;
  spec: DeviceSpec;
  labels: Record<string, string>;
  active: boolean;
  demo: boolean;
  replaces: Id | null;
}

const toPlan = (row: PlanRow): Plan => ({
  id: row.id,
  name: row.name,
  description: row.description,
  currency: row.currency,
  priceMinor: row.price_minor,
  includedMs: row.included_ms,
  hourlyMinor: row.hourly_minor,
  leaseMs: row.lease_ms,
  spec: row.spec,
  labels: row.labels,
  active: row.active,
  demo: row.demo,
  replaces: row.replaces,
});

/** Cheapest first. */
export async function listPlans(query: Query, retired: boolean): Promise<Plan[]> {
  const rows = await query<PlanRow>`
    select * from plans where active or ${retired} order by active desc, price_minor, hourly_minor, name`;
  return rows.map(toPlan);
}

/** A plan that is on sale. */
export async function planOnSale(query: Query, id: Id): Promise<Plan> {
  const [row] = await query<PlanRow>`select * from plans where id = ${id} and active`;
  if (!row)
    throw new Fault(
      "not_found",
      "That plan is not on sale; `cloudphone plans` lists those that are.",
    );
  return toPlan(row);
}

/** False when an active plan has that name. */
export async function insertPlan(tx: Tx, plan: Plan): Promise<boolean> {
  const inserted = await tx`
    insert into plans (id, name, description, currency, price_minor, included_ms, hourly_minor, lease_ms, spec, labels, demo, replaces)
    values (${plan.id}, ${plan.name}, ${plan.description}, ${plan.currency}, ${plan.priceMinor}, ${plan.includedMs},
      ${plan.hourlyMinor}, ${plan.leaseMs}, ${tx.json(plan.spec)}, ${tx.json(plan.labels)}, ${plan.demo}, ${plan.replaces})
    on conflict (name) where active do nothing returning id`;
  return inserted.count > 0;
}

/** Takes a plan off the shelf; orders made under it go on. False when there is no active plan with that id. */
export async function retirePlan(query: Query, id: Id): Promise<boolean> {
  const rows =
    await query`update plans set active = false where id = ${id} and active returning id`;
  return rows.count > 0;
}
