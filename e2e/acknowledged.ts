import { expect } from "vitest";
import { eventually } from "./api.ts";
import type { Cell } from "./cell.ts";
import type { Acknowledged, Load } from "./load.ts";
import { dataOf, type LoggedEvent } from "./log.ts";

type RequestEvent =
  | "app.install.requested"
  | "app.uninstall.requested"
  | "device.restart.requested"
  | "device.screenshot.requested";

/** Every rented phone is as its customer last asked, once the platform has come to rest. */
export async function expectWishesObeyed(cell: Cell, load: Load): Promise<void> {
  for (const { deviceId, power } of load.rentals)
    await eventually(
      async () => {
        const device = await cell.customer.query<{ power: string; state: string }>("devices.show", {
          device: deviceId,
        });
        expect(device.power, `the wish for ${deviceId}`).toBe(power);
        return device.state === power ? true : null;
      },
      60_000,
      `${deviceId} ${power}`,
    );
}

/** Every acknowledged request has its effect, exactly once, and gets the same answer when it is asked again with its key. */
export async function expectAcknowledged(
  cell: Cell,
  { acknowledged }: Load,
  events: readonly LoggedEvent[],
): Promise<void> {
  const of = (path: string): Acknowledged[] => acknowledged.filter((one) => one.path === path);
  const once = (path: string, name: string, logged: readonly string[]): void => {
    const answered = of(path).map(({ answer }) => String(answer[name]));
    expect([...logged].sort(), `each ${path} is in the log once`).toEqual(answered.sort());
  };
  const orders = (type: "order.created" | "order.ended"): string[] =>
    dataOf(events, type).map(({ orderId }) => orderId);
  const commands = (type: RequestEvent): string[] =>
    dataOf(events, type).map(({ commandId }) => commandId);
  once("orders.create", "orderId", orders("order.created"));
  const given = new Set(of("orders.end").map(({ answer }) => answer.orderId));
  // Others end by themselves: a lease runs out.
  once(
    "orders.end",
    "orderId",
    orders("order.ended").filter((orderId) => given.has(orderId)),
  );
  once("apps.install", "installationId", commands("app.install.requested"));
  once("apps.uninstall", "commandId", commands("app.uninstall.requested"));
  once("devices.restart", "commandId", commands("device.restart.requested"));
  once("devices.screenshot", "commandId", commands("device.screenshot.requested"));
  const topUps = dataOf(events, "wallet.credited").filter(({ reason }) => reason === "load");
  expect(topUps.length, "each top-up is in the log once").toBe(of("wallet.topup").length);
  const outcomes = events
    .filter(({ type }) => /^(app|device)\..*(completed|failed|restarted|taken)$/.test(type))
    .flatMap(({ data }) => (data as { commandId?: string }).commandId ?? []);
  expect(outcomes.length, "no command has two outcomes").toBe(new Set(outcomes).size);
  for (const { answer } of of("apps.install")) {
    const { installationId } = answer;
    await eventually(
      async () => {
        const found = await cell.customer.query<{ status: string }>("apps.installation", {
          installationId,
        });
        return found.status === "pending" ? null : true;
      },
      30_000,
      `the end of installation ${String(installationId)}`,
    );
  }
  for (const { path, input, answer } of acknowledged.filter(
    ({ input: { idempotencyKey } }) => idempotencyKey,
  ))
    expect(
      await (path === "wallet.topup" ? cell.admin : cell.customer).mutate(path, input),
      `${path} again`,
    ).toEqual(answer);
}
