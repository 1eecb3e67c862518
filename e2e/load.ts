import { randomUUID } from "node:crypto";
import { type Api, ApiError, eventually } from "./api.ts";
import { apkName } from "./apk.ts";
import type { Cell } from "./cell.ts";

/** A mutation that the hub answered with success: its effect must be there for good. */
export interface Acknowledged {
  readonly path: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly answer: Readonly<Record<string, unknown>>;
}

export interface Rental {
  readonly orderId: string;
  readonly deviceId: string;
  /** What its customer last asked for, and was granted. */
  power: "running" | "stopped";
}

/** Longer than any restart of hub and database takes on a busy machine. */
const patienceMs = 90_000;

/**
 * Customers who buy, use and give back phones as the random numbers say. Each wish has one idempotency key and is repeated with it until the hub
 * has answered, as a careful client does; what was answered is kept.
 */
export class Load {
  readonly acknowledged: Acknowledged[] = [];
  readonly rentals = new Set<Rental>();
  readonly #cell: Cell;
  readonly #random: () => number;
  #stopping = false;
  #customers: Promise<void>[] = [];

  constructor(cell: Cell, random: () => number) {
    this.#cell = cell;
    this.#random = random;
  }

  start(customers: number): void {
    this.#customers = Array.from({ length: customers }, () => this.#live());
    // Heard at `stop`.
    for (const customer of this.#customers) customer.catch(() => undefined);
  }

  /** Resolves once every wish under way was answered and every purchase has come to an end; the phones stay rented. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#customers);
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.rentals].map((rental) => this.#end(rental)));
  }

  /** Null: refused for good. */
  async ask(
    api: Api,
    path: string,
    wish: Record<string, unknown>,
  ): Promise<Acknowledged["answer"] | null> {
    const unkeyed = path === "devices.start" || path === "devices.stop";
    const input = unkeyed ? wish : { ...wish, idempotencyKey: randomUUID() };
    try {
      const answer = await eventually(
        () => api.mutate<Acknowledged["answer"]>(path, input),
        patienceMs,
        `an answer to ${path}`,
      );
      this.acknowledged.push({ path, input, answer });
      return answer;
    } catch (error) {
      if (error instanceof ApiError) return null;
      throw error;
    }
  }

  async buy(planName: string): Promise<Rental | null> {
    const { customer } = this.#cell;
    const plans = await eventually(
      () => customer.query<{ id: string; name: string }[]>("plans.list"),
      patienceMs,
    );
    const planId = plans.find((plan) => plan.name === planName)?.id;
    const orderId = (await this.ask(customer, "orders.create", { planId }))?.orderId;
    if (typeof orderId !== "string") throw new Error(`the plan ${planName} could not be ordered`);
    const order = await eventually(
      async () => {
        const now = await customer.query<{ state: string; deviceId: string | null }>(
          "orders.show",
          { orderId },
        );
        return now.state === "pending" ? null : now;
      },
      patienceMs,
      "the purchase's end",
    );
    if (order.state !== "paid" || !order.deviceId) return null;
    const rental: Rental = { orderId, deviceId: order.deviceId, power: "running" };
    this.rentals.add(rental);
    return rental;
  }

  async power(rental: Rental, power: Rental["power"]): Promise<void> {
    const path = power === "running" ? "devices.start" : "devices.stop";
    if (await this.ask(this.#cell.customer, path, { device: rental.deviceId }))
      rental.power = power;
  }

  async #live(): Promise<void> {
    let rental: Rental | null = null;
    while (!this.#stopping) {
      if (rental === null) rental = await this.buy(this.#random() < 0.7 ? "Hourly" : "Starter");
      else if (this.#random() < 0.12) {
        await this.#end(rental);
        rental = null;
      } else await this.#use(rental);
      await new Promise((resolve) => setTimeout(resolve, 50 + this.#random() * 150));
    }
  }

  async #use(rental: Rental): Promise<void> {
    const { customer, admin } = this.#cell;
    const device = rental.deviceId;
    const pick = this.#random();
    if (pick < 0.3) await this.power(rental, rental.power === "running" ? "stopped" : "running");
    else if (pick < 0.6) await this.ask(customer, "apps.install", { device, app: apkName });
    else if (pick < 0.7)
      await this.ask(customer, "apps.uninstall", { device, packageName: apkName });
    else if (pick < 0.8) await this.ask(customer, "devices.restart", { device });
    else if (pick < 0.9) await this.ask(customer, "devices.screenshot", { device });
    else {
      const { userId } = await eventually(
        () => customer.query<{ userId: string }>("accounts.me"),
        patienceMs,
      );
      await this.ask(admin, "wallet.topup", { userId, amountMinor: 500, reason: "load" });
    }
  }

  async #end(rental: Rental): Promise<void> {
    await this.ask(this.#cell.customer, "orders.end", { orderId: rental.orderId });
    this.rentals.delete(rental);
  }
}
