import { randomUUID } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import { formatMinor } from "@cloudphone/shared/money";
import type { Command } from "commander";
import { until, withHub } from "../client.ts";
import { print } from "../output.ts";
import { paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";
import { planNamed } from "./plans.ts";

const buyMs = 120_000;

export const billingCommands = (program: Command): void => {
  program
    .command("buy")
    .description("buy a plan and get a phone")
    .argument("<plan>", "a plan's name or id")
    .option("--no-wait", "do not wait until the phone runs")
    .action(buy);
  paged(program.command("usage"))
    .description("what ran, for how long, and what it cost")
    .option("--order <id>", "of one order")
    .action(({ order, ...page }: PageFlags & { order?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.usage.list.query({
          ...(order ? { orderId: order } : {}),
          ...pageOf(page),
        });
        const phones = json || list.length === 0 ? [] : await client.devices.list.query();
        const names = new Map(phones.map(({ deviceId, name }) => [deviceId, name]));
        const rows = list.map((run) => ({
          started: run.startedAt,
          seconds: ((run.durationMs ?? run.confirmedMs) / 1000).toFixed(1),
          state: run.durationMs === null ? "running" : "ended",
          cost: run.amountMinor === null ? "" : formatMinor(run.amountMinor, run.currency ?? "CNY"),
          // One that was given back is not among them any more.
          device: names.get(run.deviceId) ?? run.deviceId,
          order: run.orderId,
        }));
        print(list, { json, rows, empty: "Nothing has run yet." });
        if (!json) tellEarlier(list, page, list.at(-1)?.runId);
      }),
    );
};

async function buy(wanted: string, flags: { wait: boolean }, command: Command): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const plan = await planNamed(client, wanted);
    const { orderId, state } = await client.orders.create.mutate({
      planId: plan.id,
      idempotencyKey: randomUUID(),
    });
    if (!flags.wait) {
      print({ orderId, state }, { json, rows: [{ order: orderId, state }] });
      return;
    }
    const order = await until(
      async () => {
        const now = await client.orders.show.query({ orderId });
        return now.state === "pending" ? null : now;
      },
      buyMs,
      "The purchase",
    );
    if (order.state === "cancelled")
      throw new Fault("no_device", `The order was cancelled: ${order.reason ?? "no reason given"}`);
    const device = await until(
      async () =>
        (await client.devices.list.query()).find(({ lease }) => lease?.orderId === orderId) ?? null,
      buyMs,
      "The phone",
    );
    print(
      { ...order, device: device.name },
      {
        json,
        rows: [
          { order: orderId, state: order.state, device: device.name, "phone is": device.state },
        ],
      },
    );
  });
}
