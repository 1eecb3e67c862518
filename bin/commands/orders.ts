import { randomUUID } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import { formatMinor, parseMinor } from "@cloudphone/shared/money";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
import { paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";

export const orderCommands = (program: Command): void => {
  const orders = program.command("orders").description("what was bought");
  paged(orders.command("list", { isDefault: true })).action((page: PageFlags, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.orders.list.query(pageOf(page));
      const rows = list.map((order) => ({
        plan: order.planName,
        state: order.state,
        price: formatMinor(order.priceMinor, order.currency),
        usage: formatMinor(order.usageMinor, order.currency),
        refunded: order.refundedMinor > 0 ? formatMinor(order.refundedMinor, order.currency) : "",
        created: order.createdAt,
        until: order.expiresAt
          ? `${order.expiresAt}${order.autoRenew ? ", then renewed" : ""}`
          : "",
        reason: order.reason ?? "",
        id: order.id,
      }));
      print(list, { json, rows, empty: "No orders yet: `cloudphone buy PLAN` makes one." });
      if (!json) tellEarlier(list, page, list.at(-1)?.id);
    }),
  );
  orders
    .command("end")
    .description("give the phone back")
    .argument("<order-id>")
    .action((orderId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const ended = await client.orders.end.mutate({ orderId, idempotencyKey: randomUUID() });
        print(ended, { json, rows: [{ order: orderId, state: ended.state }] });
      }),
    );
  orders
    .command("refund")
    .description("give money of an order back to its customer's wallet (staff)")
    .argument("<order-id>")
    .option("--amount <amount>", "like 5 or 4.90 (default: all that is left)")
    .requiredOption("--reason <text>", "told to the customer")
    .action(refund);
  renewCommands(orders);
};

function renewCommands(orders: Command): void {
  orders
    .command("renew")
    .argument("<order-id>")
    .description("pay for another period, which is added to what is left")
    .action((orderId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const key = { idempotencyKey: randomUUID() };
        const renewed = await client.orders.renew.mutate({ orderId, ...key });
        print(renewed, { json, rows: [{ order: orderId, period: String(renewed.period) }] });
      }),
    );
  orders
    .command("auto-renew")
    .argument("<order-id>")
    .argument("<on|off>")
    .description("have it renew itself shortly before its end")
    .action((orderId: string, wish: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        if (wish !== "on" && wish !== "off") throw new Fault("bad_input", "Say on or off.");
        const answer = await client.orders.setAutoRenew.mutate({ orderId, on: wish === "on" });
        print(answer, { json, rows: [{ order: orderId, "renews itself": wish }] });
      }),
    );
}

async function refund(
  orderId: string,
  flags: { amount?: string; reason: string },
  command: Command,
): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const amountMinor = flags.amount === undefined ? null : parseMinor(flags.amount);
    if (flags.amount !== undefined && amountMinor === null)
      throw new Fault("bad_input", `${flags.amount} is no amount; write it like 5 or 4.90.`);
    const given = await client.orders.refund.mutate({
      orderId,
      reason: flags.reason,
      idempotencyKey: randomUUID(),
      ...(amountMinor === null ? {} : { amountMinor }),
    });
    const { refundId: id, amountMinor: minor, currency, reason } = given;
    print(given, {
      json,
      rows: [{ order: orderId, "given back": formatMinor(minor, currency), reason, refund: id }],
    });
  });
}
