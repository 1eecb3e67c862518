import type { Id } from "@cloudphone/shared/ids";
import type { Consumer, Timer } from "../../platform/context.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { CoreDeps } from "../deps.ts";
import { changeDesired } from "./inventory.ts";

interface IdleRow {
  id: Id;
  user_id: Id;
  minutes: number;
}

/** Switches phones off that nobody has reached into, by session or command, for as long as their customers wished; a small picture in a list is no use. Since they ran, at the earliest. */
export function idleStop({ database, source }: CoreDeps): Timer {
  return {
    name: "core.devices.idle-stop",
    everyMs: 5000,
    run: () =>
      database.transaction(async (tx) => {
        const idle = await tx<IdleRow>`
          select d.id, l.user_id, d.idle_stop_minutes as minutes
          from devices d join leases l on l.device_id = d.id and upper_inf(l.period)
          where d.idle_stop_minutes is not null and d.power = 'running' and d.running
            and not exists (select 1 from sessions s where s.device_id = d.id and s.closed_at is null and s.purpose <> 'glance')
            and greatest(d.updated_at, lower(l.period),
              (select max(closed_at) from sessions s where s.device_id = d.id and s.opened_at >= lower(l.period) and s.purpose <> 'glance'),
              (select max(created_at) from commands c where c.device_id = d.id and c.created_at >= lower(l.period)
                and not exists (select 1 from sessions g where g.command_id = c.id and g.purpose = 'glance')))
              < clock_timestamp() - d.idle_stop_minutes * interval '1 minute'
          limit 100 for update of d skip locked`;
        const cause = { correlationId: source.id(), causationId: null };
        for (const { id: deviceId, user_id: userId, minutes } of idle) {
          const reason = `idle for ${minutes} minutes`;
          const desired = await changeDesired(tx, deviceId, { power: "stopped", reason });
          if (!desired) continue;
          const data = { deviceId, userId, minutes };
          await emit(tx, [desired, { type: "device.idle.stopped", subject: deviceId, data }], {
            cause,
            source,
          });
        }
      }),
  };
}

/** Whose spending limit is reached has phones that are off; they may be started again once it is not. */
export const spendingConsumer: Consumer = {
  name: "core.spending",
  on: {
    "wallet.limit.reached": async ({ data }, { tx, emit: say }) => {
      const { userId } = data;
      await tx`insert into spending_stops (user_id) values (${userId}) on conflict do nothing`;
      const held = await tx<{ id: Id }>`
        select d.id from devices d join leases l on l.device_id = d.id and upper_inf(l.period)
        where l.user_id = ${userId} order by d.id`;
      for (const { id } of held) {
        const reason = "spending limit reached";
        const desired = await changeDesired(tx, id, { power: "stopped", reason });
        if (desired) await say(desired);
      }
    },
    "wallet.limit.cleared": async ({ data }, { tx }) => {
      await tx`delete from spending_stops where user_id = ${data.userId}`;
    },
  },
};
