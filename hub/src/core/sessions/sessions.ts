import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { IceServer } from "@cloudphone/shared/live";
import {
  maxRelayMessageBytes,
  type RelayEndReason,
  relayEnds,
  relayPath,
  relayProtocol,
  type SessionPurpose,
} from "@cloudphone/shared/relay";
import type { Cause, Consumer, Timer } from "../../platform/context.ts";
import type { SocketRoute } from "../../platform/http/sockets.ts";
import { may, ownerSeenBy } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import { asTenant } from "../../platform/postgres/tenant.ts";
import { Relay, relayLimits, type RelaySummary } from "../../platform/relay/relay.ts";
import { refuseBeyondSessions } from "../accounts/quotas.ts";
import type { CoreDeps } from "../deps.ts";
import type { ByDevicePage } from "../devices/by-device.ts";
import { insertCommand } from "../devices/commands.ts";
import type { Devices } from "../devices/devices.ts";
import { iceServers } from "./ice.ts";
import { signTicket, type Ticket, verifyTicket } from "./ticket.ts";

const signedOut = "The sign-in, the API key or the link that it was opened with is over.";

export interface OpenedSession {
  readonly sessionId: Id;
  readonly deviceId: Id;
  /** Opens the client's side of the relay once, within a minute. */
  readonly ticket: string;
  /** For a live screen: by which the two ends may find each other. */
  readonly iceServers: IceServer[];
  /** Only by a TURN server among them, or by the relay. */
  readonly relayOnly: boolean;
}

/** Of one alone too. */
type SessionPage = ByDevicePage & { readonly sessionId?: Id };

export interface SessionInfo {
  readonly sessionId: Id;
  readonly deviceId: Id;
  readonly device: string;
  readonly userId: Id;
  readonly purpose: SessionPurpose;
  /** The link by which a visitor looks or looked. */
  readonly shareId: Id | null;
  readonly openedAt: string;
  readonly connectedAt: string | null;
  readonly closedAt: string | null;
  readonly reason: RelayEndReason | null;
  readonly text: string | null;
  readonly bytesToDevice: number;
  readonly bytesFromDevice: number;
}

/**
 * Sessions: somebody reaches into a phone, for as long as the lease lasts and no longer. The request writes the row, a ticket for each side, and the command
 * that has the phone's host dial; the relay then pairs the two. What ends a session is cut here at once: its lease's end, the phone going away, its owner.
 */
export function createSessions(deps: CoreDeps, devices: Devices) {
  const { database, logger } = deps;
  /** Ended, and not in the database yet: kept until it is, also over an outage. */
  const ended = new Map<Id, RelaySummary>();
  const relay = new Relay({
    onConnected: (sessionId) => {
      database.query`update sessions set connected_at = clock_timestamp() where id = ${sessionId}`.catch(
        (error: unknown) =>
          logger.warn({ err: error, sessionId }, "a session's start was not noted"),
      );
    },
    onEnded: (summary) => {
      ended.set(summary.sessionId, summary);
      settle().catch((error: unknown) =>
        logger.warn({ err: error }, "a session's end is noted later"),
      );
    },
  });

  // Everybody's, whoever's call it is that ended one.
  const settle = (): Promise<void> =>
    asTenant(null, async () => {
      for (const summary of ended.values()) {
        await database.transaction((tx) => close(tx, summary, deps));
        ended.delete(summary.sessionId);
      }
      deps.wake();
    });

  return {
    open: (tx: Tx, caller: Caller, wish: NewSession) =>
      open(tx, caller, { ...wish, deps, devices }),

    /** The newest first. */
    async list(caller: Caller, page: SessionPage): Promise<SessionInfo[]> {
      return (await visible(database.query, caller, page)).map(toInfo);
    },

    async close(caller: Caller, sessionId: Id): Promise<SessionInfo> {
      const one = { sessionId, limit: 1 };
      const [row] = await visible(database.query, caller, one);
      if (!row) throw new Fault("not_found", "There is no such session of yours.");
      if (!row.closed_at && !relay.end(sessionId, "ended_by_user"))
        await database.transaction((tx) => close(tx, summaryOf(sessionId, "ended_by_user"), deps));
      await settle();
      const [now] = await visible(database.query, caller, one);
      return toInfo(now ?? row);
    },

    socket: relaySocket(deps, relay),
    consumer: sessionConsumer(relay, deps),
    timer: sessionTimer(deps, relay, settle),

    /** Ends every session; to be called before the databases close. */
    async stop(): Promise<void> {
      relay.stop();
      await settle().catch((error: unknown) =>
        logger.warn({ err: error }, "the ends of sessions are noted at the next start"),
      );
    },
  };
}
export type Sessions = ReturnType<typeof createSessions>;

export interface NewSession {
  readonly ref: string;
  readonly purpose: SessionPurpose;
  /** A live screen that may be looked at and not touched. */
  readonly viewOnly: boolean;
  readonly cause: Cause;
  /** The link by which a visitor opens it, for as long as that stands. */
  readonly shareId?: Id;
}

async function open(
  tx: Tx,
  caller: Caller,
  wish: NewSession & { deps: CoreDeps; devices: Devices },
): Promise<OpenedSession> {
  const { ref, purpose, viewOnly, cause, shareId = null, deps, devices } = wish;
  const { source, secrets, ice } = deps;
  const { userId } = caller;
  await refuseBeyondSessions(tx, userId, deps.quotas);
  const { deviceId, hostId, leaseId, token } = await devices.running(tx, caller, ref);
  const [sessionId, commandId] = [source.id(), source.id()];
  const ticket = (side: Ticket["side"]): Promise<string> =>
    signTicket(
      secrets.ticketKey,
      { sessionId, side, purpose, deviceId, token, userId },
      source.now(),
    );
  const staff = may(caller, "customers.all");
  const servers = purpose === "screen" ? iceServers(ice, sessionId, source.now()) : [];
  await tx`
    insert into sessions (id, device_id, host_id, user_id, lease_id, token, purpose, staff, command_id, sign_in_id, api_key_id, share_id)
    values (${sessionId}, ${deviceId}, ${hostId}, ${userId}, ${leaseId}, ${token}, ${purpose}, ${staff}, ${commandId},
      ${caller.signInId ?? null}, ${caller.key?.id ?? null}, ${shareId})`;
  await insertCommand(tx, {
    commandId,
    deviceId,
    hostId,
    userId,
    type: "session.open",
    data: {
      sessionId,
      purpose,
      ticket: await ticket("host"),
      staff,
      screen: {
        ...{ viewOnly, sound: shareId === null },
        ...{ iceServers: servers, relayOnly: ice.relayOnly },
      },
    },
    token,
    correlationId: cause.correlationId,
  });
  const data = { commandId, deviceId, sessionId, hostId, userId, leaseId, purpose };
  await emit(tx, [{ type: "session.open.requested", subject: deviceId, data }], { cause, source });
  const { relayOnly } = ice;
  return { sessionId, deviceId, ticket: await ticket("client"), iceServers: servers, relayOnly };
}

/** Notes the end and says it, once. */
async function close(tx: Tx, summary: RelaySummary, { source }: CoreDeps): Promise<void> {
  const { sessionId, reason, text, durationMs, bytesToDevice, bytesFromDevice } = summary;
  const [row] = await tx<{ device_id: Id; user_id: Id; command_id: Id }>`
    update sessions set closed_at = clock_timestamp(), close_reason = ${reason}, close_text = ${text},
      bytes_to_device = ${bytesToDevice}, bytes_from_device = ${bytesFromDevice}
    where id = ${sessionId} and closed_at is null returning device_id, user_id, command_id`;
  if (!row) return;
  const data = {
    sessionId,
    deviceId: row.device_id,
    userId: row.user_id,
    reason,
    durationMs,
    bytesToDevice,
    bytesFromDevice,
  };
  await emit(tx, [{ type: "session.closed", subject: row.device_id, data }], {
    cause: { correlationId: row.command_id, causationId: null },
    source,
  });
}

const summaryOf = (sessionId: Id, reason: RelayEndReason): RelaySummary => ({
  sessionId,
  reason,
  text: relayEnds[reason].text,
  durationMs: 0,
  bytesToDevice: 0,
  bytesFromDevice: 0,
});

/** The relay's door: a ticket is good for one side of its session, once, and only while the lease it was given for goes on. */
function relaySocket({ database, secrets, source, hubId }: CoreDeps, relay: Relay): SocketRoute {
  return {
    path: relayPath,
    protocol: relayProtocol,
    maxMessageBytes: maxRelayMessageBytes,
    async admit([offered = ""]) {
      const ticket = await verifyTicket(secrets.ticketKey, offered, source.now());
      relay.check(ticket);
      const [row] = await database.query<{ left_ms: number | null }>`
        select case when l.expires_at is not null or h.expires_at is not null
          then greatest(0, floor(extract(epoch from least(l.expires_at, h.expires_at) - clock_timestamp()) * 1000))::bigint end as left_ms
        from sessions s left join leases l on l.id = s.lease_id left join shares h on h.id = s.share_id
        where s.id = ${ticket.sessionId} and s.closed_at is null and s.device_id = ${ticket.deviceId}
          and s.token = ${ticket.token} and s.user_id = ${ticket.userId} and (l.id is null or upper_inf(l.period))
          and still_stands(s.sign_in_id, s.api_key_id)
          and share_stands(s.share_id)
          and exists (select 1 from devices d where d.id = s.device_id and d.existence = 'present')
          and (s.lease_id is not null
            or not exists (select 1 from leases o where o.device_id = s.device_id and upper_inf(o.period)))`;
      if (!row || row.left_ms === 0) throw await whyNot(database.query, ticket.sessionId);
      await database.query`update sessions set hub_id = ${hubId} where id = ${ticket.sessionId}`;
      return (socket, wire) => relay.join({ ...ticket, leftMs: row.left_ms }, { socket, wire });
    },
  };
}

/** A session whose host has refused it by the time the client dials says so. */
async function whyNot(query: Query, sessionId: Id): Promise<Fault> {
  const [row] = await query<{ close_reason: RelayEndReason | null; close_text: string | null }>`
    select close_reason, close_text from sessions where id = ${sessionId}`;
  if (!row?.close_reason)
    return new Fault("stale_lease", "The session is over, or the phone's lease has ended.");
  const end = relayEnds[row.close_reason];
  return new Fault(end.fault ?? "conflict", row.close_text ?? end.text);
}

/** What ends sessions. Cutting twice, or one that is gone, is harmless; the row follows from the relay's own report. */
function sessionConsumer(relay: Relay, deps: CoreDeps): Consumer {
  const cut = async (
    tx: Tx,
    which: { deviceId: Id; unlessToken?: number },
    reason: RelayEndReason,
  ): Promise<void> => {
    const rows = await tx<{ id: Id; token: number; hub_id: Id | null }>`
      select id, token, hub_id from sessions where device_id = ${which.deviceId} and closed_at is null`;
    for (const { id, token, hub_id } of rows) {
      if (token === which.unlessToken || relay.end(id, reason)) continue;
      // Another hub's relay has it, and cuts it when it finds it closed.
      if (isElsewhere(deps, hub_id)) await close(tx, summaryOf(id, reason), deps);
    }
  };
  return {
    name: "core.sessions",
    on: {
      "device.released": ({ data }, { tx }) => cut(tx, data, "lease_over"),
      "device.allocated": ({ data }, { tx }) =>
        cut(tx, { deviceId: data.deviceId, unlessToken: data.lease.token }, "lease_over"),
      "device.stopped": ({ data }, { tx }) => cut(tx, data, "device_gone"),
      "device.destroyed": ({ data }, { tx }) => cut(tx, data, "device_gone"),
      "session.open.failed": async ({ data }, { tx }) => {
        const [row] = await tx<{ id: Id }>`
          select id from sessions where command_id = ${data.commandId} and device_id = ${data.deviceId} and closed_at is null`;
        if (row && !relay.end(row.id, "refused", data.reason))
          await close(tx, { ...summaryOf(row.id, "refused"), text: data.reason }, deps);
      },
    },
  };
}

/**
 * Notes ends that the database did not take at once, and closes rows that no relay knows: of a client that never dialled, and of a hub that was restarted.
 * It is also the second look at leases (an event is a hint that may be late), and ends what was opened under a sign-in or a key that is over.
 */
function sessionTimer(deps: CoreDeps, relay: Relay, settle: () => Promise<void>): Timer {
  const { database } = deps;
  return {
    name: "core.sessions.sweep",
    everyMs: 1000,
    everyHub: true,
    async run() {
      await settle();
      const closed = await database.query<{ id: Id; close_reason: RelayEndReason }>`
        select id, close_reason from sessions where id = any(${relay.sessions()}::uuid[]) and closed_at is not null`;
      for (const { id, close_reason } of closed) relay.end(id, close_reason);
      const rows = await database.query<OpenRow>`
        select s.id, s.hub_id, (l.id is not null and (not upper_inf(l.period) or l.expires_at <= clock_timestamp())) as over,
          still_stands(s.sign_in_id, s.api_key_id) and share_stands(s.share_id) as stands,
          (extract(epoch from clock_timestamp() - s.opened_at) * 1000)::bigint as waited_ms
        from sessions s left join leases l on l.id = s.lease_id where s.closed_at is null limit 10000`;
      for (const { id, hub_id, over, stands, waited_ms } of rows) {
        if (over && relay.end(id, "lease_over")) continue;
        if (!stands && relay.end(id, "ended_by_user", signedOut)) continue;
        if (isElsewhere(deps, hub_id) || relay.has(id)) continue;
        if (waited_ms < relayLimits.peerMs && !over && stands) continue;
        const summary = stands
          ? summaryOf(id, over ? "lease_over" : "no_peer")
          : { ...summaryOf(id, "ended_by_user"), text: signedOut };
        await database.transaction((tx) => close(tx, summary, deps));
      }
    },
  };
}

interface OpenRow {
  id: Id;
  hub_id: Id | null;
  over: boolean;
  /** Whether the sign-in or the key that opened it is good still. */
  stands: boolean;
  waited_ms: number;
}

/** Whether the relay of another hub that is at work has it. */
const isElsewhere = ({ hubId, ownership }: CoreDeps, ofSession: Id | null): boolean =>
  ofSession !== null && ofSession !== hubId && ownership.isAtWork(ofSession);

interface SessionRow {
  id: Id;
  device_id: Id;
  device_name: string;
  user_id: Id;
  purpose: SessionPurpose;
  share_id: Id | null;
  opened_at: Date;
  connected_at: Date | null;
  closed_at: Date | null;
  close_reason: RelayEndReason | null;
  close_text: string | null;
  bytes_to_device: number;
  bytes_from_device: number;
}

function visible(query: Query, caller: Caller, page: SessionPage): Promise<SessionRow[]> {
  const { sessionId = null, device = null, before = null, limit } = page;
  return query<SessionRow>`
    select s.*, d.name as device_name from sessions s join devices d on d.id = s.device_id
    where (${ownerSeenBy(caller)}::uuid is null or s.user_id = ${ownerSeenBy(caller)})
      and (${sessionId}::uuid is null or s.id = ${sessionId})
      and (${device}::text is null or d.name = ${device} or d.id::text = ${device})
      and (${before}::uuid is null or (s.opened_at, s.id) < (select b.opened_at, b.id from sessions b where b.id = ${before}))
    order by s.opened_at desc, s.id desc limit ${limit}`;
}

const toInfo = (row: SessionRow): SessionInfo => ({
  sessionId: row.id,
  deviceId: row.device_id,
  device: row.device_name,
  userId: row.user_id,
  purpose: row.purpose,
  shareId: row.share_id,
  openedAt: row.opened_at.toISOString(),
  connectedAt: row.connected_at?.toISOString() ?? null,
  closedAt: row.closed_at?.toISOString() ?? null,
  reason: row.close_reason,
  text: row.close_text,
  bytesToDevice: row.bytes_to_device,
  bytesFromDevice: row.bytes_from_device,
});
