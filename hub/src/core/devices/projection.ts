import type { Consumer } from "../../platform/context.ts";

/** What hosts report of their devices, folded into the device rows. */
export const deviceProjection: Consumer = {
  name: "core.devices",
  on: {
    "device.state.changed": async ({ data }, { tx }) => {
      await tx`update devices set state = ${data.state}, reason = ${data.reason}, updated_at = clock_timestamp(),
        running = running and ${data.state === "running"} where id = ${data.deviceId}`;
    },
    "device.started": async ({ data }, { tx }) => {
      await tx`update devices set state = 'running', reason = null, running = true, updated_at = clock_timestamp()
        where id = ${data.deviceId}`;
    },
    "device.stopped": async ({ data }, { tx }) => {
      await tx`update devices set running = false, updated_at = clock_timestamp() where id = ${data.deviceId}`;
    },
    // Said of an older lease it proves nothing: a newer one has been on the phone since.
    "device.wiped": async ({ data }, { tx }) => {
      await tx`update devices d set clean = true, updated_at = clock_timestamp()
        where id = ${data.deviceId} and token = ${data.token}
          and not exists (select 1 from leases l where l.device_id = d.id and upper_inf(l.period))`;
    },
    "device.destroyed": async ({ data }, { tx }) => {
      await tx`update devices set state = 'destroyed', running = false, updated_at = clock_timestamp()
        where id = ${data.deviceId}`;
    },
  },
};
