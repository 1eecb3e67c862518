import { type CommandType, commandCatalog } from "@cloudphone/shared/commands/catalog";
import type { CommandEnvelope } from "@cloudphone/shared/commands/envelope";
import type { FaultCode } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Consumer, Handlers, Timer } from "../../platform/context.ts";
import type { Database, Query, Tx } from "../../platform/postgres/database.ts";

export interface NewCommand {
  readonly commandId: Id;
  readonly deviceId: Id;
  readonly hostId: Id;
  readonly userId: Id;
  readonly type: CommandType;
  readonly data: Record<string, unknown>;
  /** Fencing token of the lease it acts for; 0 when the device has none. */
  readonly token: number;
  readonly correlationId: Id;
}

/** Writes a command down. It is sent once the event that asked for it is in the log, and again whenever its host says hello. */
export async function insertCommand(tx: Tx, command: NewCommand): Promise<void> {
  const { deadlineMs } = commandCatalog[command.type];
  await tx`
    insert into commands (id, host_id, device_id, user_id, type, data, token, correlation_id, deadline_at)
    values (${command.commandId}, ${command.hostId}, ${command.deviceId}, ${command.userId}, ${command.type},
      ${tx.json(command.data)}, ${command.token}, ${command.correlationId},
      clock_timestamp() + ${deadlineMs} * interval '1 millisecond')`;
}

interface CommandRow {
  id: Id;
  host_id: Id;
  device_id: Id;
  type: string;
  data: Record<string, unknown>;
  token: number;
  correlation_id: Id;
  left_ms: number;
}

export interface CommandMessage {
  readonly hostId: Id;
  readonly message: CommandEnvelope;
}

/** What to send of a command, or of all of a host's, that is still open. */
export async function pendingCommands(
  query: Query,
  which: { commandId: Id } | { hostId: Id },
): Promise<CommandMessage[]> {
  const commandId = "commandId" in which ? which.commandId : null;
  const hostId = "hostId" in which ? which.hostId : null;
  const rows = await query<CommandRow>`
    select id, host_id, device_id, type, data, token, correlation_id,
      floor(extract(epoch from deadline_at - clock_timestamp()) * 1000)::bigint as left_ms
    from commands where state = 'pending' and deadline_at > clock_timestamp()
      and (${commandId}::uuid is null or id = ${commandId}) and (${hostId}::uuid is null or host_id = ${hostId})
    order by created_at limit 1000`;
  return rows.map((row) => ({
    hostId: row.host_id,
    message: {
      v: 1,
      id: row.id,
      type: row.type,
      deviceId: row.device_id,
      token: row.token,
      ttlMs: row.left_ms,
      correlationId: row.correlation_id,
      causationId: row.id,
      data: row.data,
    },
  }));
}

/** Voids what is open for a device; an outcome that comes all the same is not taken any more. */
export async function failCommands(
  tx: Tx,
  deviceId: Id,
  code: FaultCode,
  reason: string,
): Promise<void> {
  const rows = await tx<{ id: Id }>`
    update commands set state = 'failed', code = ${code}, reason = ${reason}, ended_at = clock_timestamp()
    where device_id = ${deviceId} and state = 'pending' returning id`;
  await tx`update installations set state = 'failed', code = ${code}, reason = ${reason}, ended_at = clock_timestamp()
    where id = any(${rows.map((row) => row.id)}::uuid[]) and state = 'pending'`;
}

interface Outcome {
  readonly commandId: Id;
  /** Whose host tells it: a command of another phone is none of its business. */
  readonly deviceId: Id;
  readonly code?: FaultCode;
  readonly reason?: string;
}

/** Outcomes, from any command: they are told apart by the catalog alone. A late success corrects a time-out. */
export function commandConsumer(): Consumer {
  const settle =
    (failed: boolean) =>
    async (event: { data: Outcome }, { tx }: { tx: Tx }): Promise<void> => {
      const { commandId, code, reason, ...result } = event.data;
      const state = failed ? "failed" : "completed";
      await tx`
        update commands set state = ${state}, code = ${code ?? null}, reason = ${reason ?? null},
          result = ${tx.json(result)}, ended_at = clock_timestamp()
        where id = ${commandId} and device_id = ${event.data.deviceId}
          and (state = 'pending' or (state = 'timed_out' and ${!failed}))`;
    };
  const entries = Object.values(commandCatalog).flatMap((command) => [
    [command.completed, settle(false)],
    [command.failed, settle(true)],
  ]);
  const on = { ...Object.fromEntries(entries), "device.command.refused": settle(true) } as Handlers;
  return { name: "core.commands", on };
}

/** A command without an outcome at its deadline has failed, as far as the hub can tell. */
export function commandDeadlines(database: Database): Timer {
  return {
    name: "core.commands.deadlines",
    everyMs: 1000,
    async run() {
      await database.transaction(async (tx) => {
        const reason = "The phone's host did not answer in time.";
        const rows = await tx<{ id: Id }>`
          update commands set state = 'timed_out', code = 'timed_out', reason = ${reason}, ended_at = clock_timestamp()
          where state = 'pending' and deadline_at <= clock_timestamp() returning id`;
        if (rows.length > 0)
          await tx`update installations set state = 'failed', code = 'timed_out', reason = ${reason}, ended_at = clock_timestamp()
            where id = any(${rows.map((row) => row.id)}::uuid[]) and state = 'pending'`;
      });
    },
  };
}

/** The request that a command belongs to. An installation has its command's id; one whose turn in its batch has not come has no command yet. */
export async function correlationOfCommand(database: Database, id: Id): Promise<Id | null> {
  const [row] = await database.query<{ id: Id }>`
    select correlation_id as id from commands where id = ${id}
    union all select batch_id from installations where id = ${id} and batch_id is not null limit 1`;
  return row?.id ?? null;
}
