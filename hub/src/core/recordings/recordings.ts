import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { Fault } from "@cloudphone/shared/fault";
import { type Id, idSchema } from "@cloudphone/shared/ids";
import { z } from "zod";
import { signPath } from "../../platform/auth/tokens.ts";
import type { Cause, Consumer } from "../../platform/context.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Tx } from "../../platform/postgres/database.ts";
import { likeText } from "../../platform/postgres/like.ts";
import type { CoreDeps } from "../deps.ts";
import { insertCommand } from "../devices/commands.ts";
import type { Devices } from "../devices/devices.ts";
import { changeDesired } from "../devices/inventory.ts";

export interface RecordingInfo {
  readonly recordingId: Id;
  readonly deviceId: Id;
  readonly device: string;
  readonly hostId: Id;
  /** Who had the phone; null: nobody. */
  readonly userId: Id | null;
  readonly email: string | null;
  readonly startedAt: string;
  readonly seconds: number;
  readonly bytes: number;
}

/** What a long list of films is narrowed down to. */
export const recordingPageSchema = z
  .object({
    deviceId: idSchema.nullable().default(null),
    /** Part of a phone's name. */
    search: z.string().trim().max(100).optional(),
    /** The last film of the page before. */
    before: idSchema.optional(),
    limit: z.int().min(1).max(500).default(100),
  })
  .prefault({});

/** A film of 100 MiB over a slow line. */
const pathMs = 10 * 60_000;

/** Films of screens, which lie on the phones' hosts: what there is, and bringing one here. Whoever may see them sees everybody's. */
export function createRecordings({ database, source, secrets }: CoreDeps, devices: Devices) {
  return {
    /** The newest first. */
    async list(page: z.infer<typeof recordingPageSchema>): Promise<RecordingInfo[]> {
      const { deviceId, search, before = null, limit } = page;
      const like = likeText(search);
      const rows = await database.query<Omit<RecordingInfo, "startedAt"> & { startedAt: Date }>`
        select r.id as "recordingId", r.device_id as "deviceId", d.name as device, r.host_id as "hostId",
          l.user_id as "userId", u.email, r.started_at as "startedAt", r.seconds, r.bytes
        from recordings r join devices d on d.id = r.device_id left join leases l on l.id = r.lease_id left join users u on u.id = l.user_id
        where (${deviceId}::uuid is null or r.device_id = ${deviceId}) and (${like}::text is null or d.name ilike '%' || ${like} || '%')
          and (${before}::uuid is null or (r.started_at, r.id) < (select b.started_at, b.id from recordings b where b.id = ${before}))
        order by r.started_at desc, r.id desc limit ${limit}`;
      return rows.map((row) => ({ ...row, startedAt: row.startedAt.toISOString() }));
    },

    /** Says how many days films of a device are kept from now on (0: it is not filmed), or leaves it to its host (null). Films there are keep to what was said when they were made. */
    async setPolicy(
      caller: Caller,
      ref: string,
      { days, cause }: { days: number | null; cause: Cause },
    ): Promise<{ deviceId: Id }> {
      return database.transaction(async (tx) => {
        const { deviceId } = await devices.place(tx, caller, ref);
        await tx`update devices set recording_days = ${days} where id = ${deviceId}`;
        const reason = days === null ? "filmed as its host has it" : `filmed for ${days} days`;
        const changed = await changeDesired(tx, deviceId, { reason, force: true });
        if (changed) await emit(tx, [changed], { cause, source });
        return { deviceId };
      });
    },

    /** Has the host put the film here; once the command is completed it is at /recordings/<commandId> for an hour. */
    async fetch(
      tx: Tx,
      caller: Caller,
      { recordingId, cause }: { recordingId: Id; cause: Cause },
    ): Promise<{ commandId: Id }> {
      const [row] = await tx<{ device_id: Id; host_id: Id }>`
        select device_id, host_id from recordings where id = ${recordingId}`;
      if (!row) throw new Fault("not_found", "There is no such recording (any more).");
      const commandId = source.id();
      const path = signPath(secrets.pathKey, `/recordings/${commandId}`, source.now() + pathMs);
      const { device_id: deviceId, host_id: hostId } = row;
      const { userId } = caller;
      await insertCommand(tx, {
        ...{ commandId, deviceId, hostId, userId, token: 0 },
        type: "recording.fetch",
        data: { recordingId, path },
        correlationId: cause.correlationId,
      });
      const data = { commandId, deviceId, userId, asked: { recordingId } };
      const requested: EventDraft = { type: "recording.fetch.requested", subject: deviceId, data };
      await emit(tx, [requested], { cause, source });
      return { commandId };
    },
  };
}
export type Recordings = ReturnType<typeof createRecordings>;

/** What hosts say of their films; said twice it is the same. */
export const recordingConsumer: Consumer = {
  name: "core.recordings",
  on: {
    "recording.finished": async ({ data }, { tx }) => {
      const { recordingId, deviceId, token, startedAt, seconds, bytes } = data;
      await tx`
        insert into recordings (id, device_id, host_id, lease_id, started_at, seconds, bytes)
        select ${recordingId}, d.id, d.host_id,
          (select l.id from leases l where l.device_id = d.id and l.token = ${token}),
          ${startedAt}::timestamptz, ${seconds}, ${bytes}
        from devices d where d.id = ${deviceId}
        on conflict (id) do nothing`;
    },
    "recording.deleted": async ({ data }, { tx }) => {
      await tx`delete from recordings where id = ${data.recordingId} and device_id = ${data.deviceId}`;
    },
    "host.removed": async ({ data }, { tx }) => {
      await tx`delete from recordings where host_id = ${data.hostId}`;
    },
  },
};
