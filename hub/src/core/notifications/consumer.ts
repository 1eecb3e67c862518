import { formatMinor } from "@cloudphone/shared/money";
import type { Id } from "@cloudphone/shared/ids";
import type { Consumer, Handlers } from "../../platform/context.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import { notify, staffIds } from "./notify.ts";

/** What becomes of plans and limits by themselves. */
const planNotices: Handlers = {
  "order.expiring": ({ data }, context) =>
    notify(context, [data.userId], {
      kind: "plan.expiring",
      title: `Your plan ends on ${data.expiresAt}`,
      text: data.autoRenew
        ? `It renews itself for ${formatMinor(data.amountMinor, data.currency)}.`
        : `Its phone is wiped then. \`cloudphone orders renew ${data.orderId}\` keeps it for ${formatMinor(data.amountMinor, data.currency)}.`,
      refs: { orderId: data.orderId },
    }),
  "order.renewed": ({ data }, context) =>
    notify(context, [data.userId], {
      kind: "plan.renewed",
      title: "Your plan was renewed",
      text: `${formatMinor(data.amountMinor, data.currency)} were paid for it.`,
      refs: { orderId: data.orderId },
    }),
  "order.renewal.failed": ({ data }, context) =>
    notify(context, [data.userId], {
      kind: "plan.not.renewed",
      title: "Your plan could not renew itself",
      text: `${data.reason} It is tried again until the plan ends.`,
      refs: { orderId: data.orderId },
    }),
  "wallet.limit.reached": ({ data }, context) =>
    notify(context, [data.userId], {
      kind: "limit.reached",
      title: "Your spending limit is reached",
      text: `You spent ${formatMinor(data.spentMinor, data.currency)} of ${formatMinor(data.limitMinor, data.currency)} this month: your phones are switched off, their data stays. \`cloudphone wallet limit\` changes the limit.`,
      refs: {},
    }),
  "device.idle.stopped": async ({ data }, context) => {
    const [phone] = await context.tx<{ name: string }>`
      select name from devices where id = ${data.deviceId}`;
    await notify(context, [data.userId], {
      kind: "phone.idle",
      title: `${phone?.name ?? "A phone"} was switched off`,
      text: `Nobody used it for ${data.minutes} minutes, as you wished.`,
      refs: { deviceId: data.deviceId },
    });
  },
};

/** Which events somebody is told of, who that is, and in which words. */
export const notificationConsumer: Consumer = {
  name: "core.notifications",
  on: {
    "wallet.low": ({ data }, context) => {
      const balance = formatMinor(data.balanceMinor, data.currency);
      return notify(context, [data.userId], {
        kind: "balance.low",
        title: "Your balance is low",
        text: `${balance} are left, what runs now taken into account. Top up, so that your phones keep running.`,
        refs: {},
      });
    },
    "order.cancelled": ({ data }, context) =>
      notify(context, [data.userId], {
        kind: "order.failed",
        title: "Your order was cancelled",
        text: `${data.reason} Nothing was charged.`,
        refs: { orderId: data.orderId },
      }),
    "payment.refunded": ({ data }, context) =>
      notify(context, [data.userId], {
        kind: "refund.made",
        title: `${formatMinor(data.amountMinor, data.currency)} went back to your wallet`,
        text: data.reason,
        refs: { orderId: data.orderId, refundId: data.refundId },
      }),
    ...planNotices,
    "app.install.failed": async ({ data }, context) => {
      const [row] = await context.tx<{ user_id: Id; package_name: string; name: string }>`
        select i.user_id, i.package_name, d.name from installations i join devices d on d.id = i.device_id
        where i.id = ${data.commandId} and i.batch_id is null`;
      if (!row) return;
      await notify(context, [row.user_id], {
        kind: "install.failed",
        title: `${row.package_name} was not installed on ${row.name}`,
        text: data.reason,
        refs: { installationId: data.commandId, deviceId: data.deviceId },
      });
    },
    // Of many phones, once, at the end.
    "app.batch.completed": async ({ data }, context) => {
      if (data.failed === 0) return;
      await notify(context, [data.userId], {
        kind: "install.failed",
        title: `${data.packageName} was not installed on ${data.failed} phones`,
        text: `${data.installed} have it. \`cloudphone apps batches ${data.batchId}\` says why the others have not.`,
        refs: { batchId: data.batchId },
      });
    },
    "device.state.changed": async ({ data }, context) => {
      if (data.state !== "failed") return;
      const [phone] = await context.tx<{ name: string; user_id: Id | null }>`
        select d.name, l.user_id from devices d left join leases l on l.device_id = d.id and upper_inf(l.period)
        where d.id = ${data.deviceId}`;
      if (!phone) return;
      const readers = phone.user_id ? [phone.user_id] : await staffIds(context.tx);
      await notify(context, readers, {
        kind: "phone.lost",
        title: `${phone.name} failed`,
        text: data.reason ?? "Its host gave no reason.",
        refs: { deviceId: data.deviceId },
      });
    },
    "host.lost": async ({ data }, context) => {
      const { tx } = context;
      const { hostId, silentMs } = data;
      const [host] = await tx<{ name: string }>`select name from hosts where id = ${hostId}`;
      await notify(context, await staffIds(tx), {
        kind: "host.lost",
        title: `Host ${host?.name ?? hostId} is lost`,
        text: `Nothing was heard of it for ${Math.round(silentMs / 1000)} s. Its phones and leases stay; nothing new is placed there.`,
        refs: { hostId },
      });
      for (const { user_id, id, name } of await leasedOn(tx, hostId))
        await notify(context, [user_id], {
          kind: "phone.lost",
          title: `${name} can't be reached`,
          text: "Its host is not connected. The phone stays yours; it can be used again once the host is back.",
          refs: { deviceId: id },
        });
    },
    "saga.stalled": async ({ data }, context) =>
      notify(context, await staffIds(context.tx), {
        kind: "saga.stalled",
        title: `A process of the kind ${data.saga} needs an operator`,
        text: `${data.note}. \`cloudphone sagas show ${data.sagaId}\` has its steps.`,
        refs: { sagaId: data.sagaId },
      }),
    "deadletter.added": async ({ data }, context) =>
      notify(context, await staffIds(context.tx), {
        kind: "deadletter.added",
        title: `${data.consumer} could not handle an event`,
        text: `${data.type} at ${data.position}: ${data.error}. \`cloudphone dead-letters show ${data.consumer} ${data.position}\``,
        refs: { consumer: data.consumer, position: String(data.position) },
      }),
  },
};

const leasedOn = (tx: Tx, hostId: Id) =>
  tx<{ id: Id; name: string; user_id: Id }>`
    select d.id, d.name, l.user_id from devices d join leases l on l.device_id = d.id and upper_inf(l.period)
    where d.host_id = ${hostId} order by d.id`;
