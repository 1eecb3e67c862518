import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { ownerSeenBy } from "../../platform/auth/permissions.ts";
import type { Cause } from "../../platform/context.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import { asTenant } from "../../platform/postgres/tenant.ts";
import type { CoreDeps } from "../deps.ts";
import type { Devices } from "../devices/devices.ts";
import { linkIsOver, signShare, verifyShare } from "./share-link.ts";
import type { OpenedSession, Sessions } from "./sessions.ts";

/** Links of one account at a time, and people who look by one link at a time. */
const maxShares = 20;
const maxVisitors = 5;

export interface ShareInfo {
  readonly shareId: Id;
  readonly deviceId: Id;
  readonly device: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** How many look by it now. */
  readonly visitors: number;
}

/** What the page adds to its address. It is told once. */
export type NewShare = ShareInfo & { readonly link: string };

/** What a visitor is told: as little as the player needs, and what the phone is called. */
export type Visit = Omit<OpenedSession, "deviceId"> & {
  readonly device: string;
  readonly expiresAt: string;
};

/**
 * Shares: whoever has a phone shows it to somebody without an account, by a link that is signed, ends by itself and with the lease, and can be taken back. A visitor
 * gets an ordinary live screen that may only be looked at, in the name of the phone's customer, and counts among the customer's sessions.
 */
export function createShares(deps: CoreDeps, devices: Devices, sessions: Sessions) {
  const { database, source, secrets } = deps;
  return {
    async create(
      tx: Tx,
      caller: Caller,
      { ref, minutes }: { ref: string; minutes: number },
    ): Promise<NewShare> {
      const { deviceId, leaseId } = await devices.running(tx, caller, ref);
      const [own] = await tx<{ id: Id }>`
        select id from leases where id = ${leaseId} and user_id = ${caller.userId} for share`;
      if (!own)
        throw new Fault("forbidden", "Only whoever rents a phone may show it to others by a link.");
      if ((await standing(tx, { userId: caller.userId })).length >= maxShares)
        throw new Fault("conflict", `You have ${maxShares} links already; take one back first.`);
      const shareId = source.id();
      await tx`
        insert into shares (id, user_id, device_id, lease_id, expires_at)
        select ${shareId}, ${caller.userId}, ${deviceId}, ${own.id},
          least(clock_timestamp() + make_interval(mins => ${minutes}), l.expires_at) from leases l where l.id = ${own.id}`;
      const [share] = await standing(tx, { userId: caller.userId, shareId });
      if (!share) throw new Fault("stale_lease", "The phone's lease has ended.");
      const expiresAtMs = Date.parse(share.expiresAt);
      return { ...share, link: await signShare(secrets.shareKey, { shareId, expiresAtMs }) };
    },

    /** Those that can be used still. */
    list: (caller: Caller, deviceId: Id | null): Promise<ShareInfo[]> =>
      standing(database.query, { userId: ownerSeenBy(caller), deviceId }),

    /** Takes a link back, and ends what goes on by it. Done twice, it is done. */
    async revoke(caller: Caller, shareId: Id): Promise<void> {
      const userId = ownerSeenBy(caller);
      const { count } = await database.query`
        update shares set revoked_at = coalesce(revoked_at, clock_timestamp())
        where id = ${shareId} and (${userId}::uuid is null or user_id = ${userId})`;
      if (count === 0) throw new Fault("not_found", "There is no such link of yours.");
      const open = await database.query<{ id: Id }>`
        select id from sessions where share_id = ${shareId} and closed_at is null`;
      for (const { id } of open) await sessions.close(caller, id);
    },

    /** A visitor's live screen. Fault `not_found` once the link is over. */
    async open(link: string, cause: Cause): Promise<Visit> {
      const shareId = await verifyShare(secrets.shareKey, link, source.now());
      const [share] = await database.query<{ user_id: Id; device_id: Id }>`
        select user_id, device_id from shares where id = ${shareId}`;
      if (!share) throw linkIsOver();
      const { user_id: userId, device_id: ref } = share;
      const visit = await asTenant(userId, () =>
        database.transaction((tx) => enter(tx, { shareId, userId, ref, cause, sessions })),
      );
      deps.wake();
      return visit;
    },
  };
}
export type Shares = ReturnType<typeof createShares>;

interface Entry {
  readonly shareId: Id;
  /** Who has the phone. */
  readonly userId: Id;
  readonly ref: Id;
  readonly cause: Cause;
  readonly sessions: Sessions;
}

async function enter(tx: Tx, { shareId, userId, ref, cause, sessions }: Entry): Promise<Visit> {
  // Those who come at once take turns: no more get in than may.
  await tx`select pg_advisory_xact_lock(hashtext(${`core.share.${shareId}`}))`;
  const [share] = await standing(tx, { userId, shareId });
  if (!share) throw linkIsOver();
  if (share.visitors >= maxVisitors)
    throw new Fault("unavailable", `${maxVisitors} people look at this phone already.`);
  const owner: Caller = { userId, email: "", role: "customer" };
  const wish = { ref, purpose: "screen", viewOnly: true, cause, shareId } as const;
  const { sessionId, ticket, iceServers, relayOnly } = await sessions.open(tx, owner, wish);
  const { device, expiresAt } = share;
  return { sessionId, ticket, iceServers, relayOnly, device, expiresAt };
}

interface Which {
  /** Null: everybody's. */
  readonly userId: Id | null;
  readonly shareId?: Id | null;
  readonly deviceId?: Id | null;
}

async function standing(
  query: Query,
  { userId, shareId = null, deviceId = null }: Which,
): Promise<ShareInfo[]> {
  const rows = await query<{
    id: Id;
    device_id: Id;
    device_name: string;
    created_at: Date;
    expires_at: Date;
    visitors: number;
  }>`
    select s.*, d.name as device_name,
      (select count(*) from sessions v where v.share_id = s.id and v.closed_at is null) as visitors
    from shares s join devices d on d.id = s.device_id
    where share_stands(s.id) and (${userId}::uuid is null or s.user_id = ${userId})
      and (${shareId}::uuid is null or s.id = ${shareId}) and (${deviceId}::uuid is null or s.device_id = ${deviceId})
    order by s.created_at desc limit 200`;
  return rows.map((row) => ({
    shareId: row.id,
    deviceId: row.device_id,
    device: row.device_name,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    visitors: row.visitors,
  }));
}
