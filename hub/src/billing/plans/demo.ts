import type { DeviceSpec } from "@cloudphone/shared/device";
import type { BillingSettings } from "../settings.ts";
import { insertPlan, type Plan } from "./plans.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The phone that every demo plan sells, and that the demo keeps warm. */
export const demoSpec: DeviceSpec = {
  provider: "simulated",
  image: "sim-13",
  width: 360,
  height: 640,
  dpi: 160,
  memoryMiB: 512,
  cpus: 1,
  properties: {},
};

type Offer = Pick<
  Plan,
  "name" | "description" | "priceMinor" | "includedMs" | "hourlyMinor" | "leaseMs"
>;

const offers: readonly Offer[] = [
  {
    name: "Hourly",
    description: "Pay only for the time the phone runs. For as long as you like.",
    priceMinor: 0,
    includedMs: 0,
    hourlyMinor: 100,
    leaseMs: null,
  },
  {
    name: "Starter",
    description: "A week with a phone, 10 running hours included.",
    priceMinor: 990,
    includedMs: 10 * hourMs,
    hourlyMinor: 80,
    leaseMs: 7 * dayMs,
  },
  {
    name: "Monthly",
    description: "30 days with a phone, 200 running hours included.",
    priceMinor: 4900,
    includedMs: 200 * hourMs,
    hourlyMinor: 50,
    leaseMs: 30 * dayMs,
  },
];

/** The first set of plans, for simulated phones. Only on an empty shelf: what an operator retired does not come back. */
export function seedDemoPlans({ database, source, currency }: BillingSettings): Promise<void> {
  return database.transaction(async (tx) => {
    await tx`lock table plans in share row exclusive mode`;
    const [any] = await tx`select 1 as found from plans limit 1`;
    if (any) return;
    for (const offer of offers)
      await insertPlan(tx, {
        ...offer,
        id: source.id(),
        currency,
        spec: demoSpec,
        labels: {},
        active: true,
        demo: true,
        replaces: null,
      });
  });
}
