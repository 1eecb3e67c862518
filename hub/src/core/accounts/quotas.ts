import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { Cause } from "../../platform/context.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import type { CoreDeps } from "../deps.ts";
import { subordinate } from "./accounts.ts";

/** How much one account may have at a time. */
export interface Quota {
  /** Phones leased. */
  readonly devices: number;
  /** Apps and copies of phones' data. */
  readonly storageBytes: number;
  /** Sessions open: screens, shells, adb. */
  readonly sessions: number;
}

/** Null: as everybody's; absent: as it was. */
export type QuotaChange = { readonly [K in keyof Quota]?: number | null | undefined };

export interface QuotaStanding {
  readonly userId: Id;
  readonly limits: Quota;
  readonly used: Quota;
}

type Row = { [K in keyof Quota]: number | null };

/** What an account may have: its own figures, else everybody's. */
export async function quotaOf(query: Query, userId: Id, everybodys: Quota): Promise<Quota> {
  const [own] = await query<Row>`
    select devices, storage_bytes as "storageBytes", sessions from quotas where user_id = ${userId}`;
  return {
    devices: own?.devices ?? everybodys.devices,
    storageBytes: own?.storageBytes ?? everybodys.storageBytes,
    sessions: own?.sessions ?? everybodys.sessions,
  };
}

/** What an account has at this moment. */
export async function usedBy(query: Query, userId: Id): Promise<Quota> {
  const [row] = await query<Quota & { appBytes: number; snapshotBytes: number }>`
    select (select count(*) from leases where user_id = ${userId} and upper_inf(period)) as devices,
      (select coalesce(sum(bytes), 0)::bigint from apps where user_id = ${userId} and not removed) as "appBytes",
      (select coalesce(sum(bytes), 0)::bigint from snapshots where user_id = ${userId}) as "snapshotBytes",
      (select count(*) from sessions where user_id = ${userId} and closed_at is null and purpose <> 'glance') as sessions`;
  const { devices = 0, sessions = 0, appBytes = 0, snapshotBytes = 0 } = row ?? {};
  return { devices, sessions, storageBytes: appBytes + snapshotBytes };
}

/** Held until the transaction ends by whoever adds to what an account has, so that two at once can't both take the last place. */
export async function lockQuota(tx: Tx, userId: Id): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext(${`core.quota.${userId}`}))`;
}

const more = "ask your operator for more";

/** Why an account gets no further phone, or null. */
export async function whyNoPhone(tx: Tx, userId: Id, everybodys: Quota): Promise<string | null> {
  await lockQuota(tx, userId);
  const { devices: most } = await quotaOf(tx, userId, everybodys);
  const { devices } = await usedBy(tx, userId);
  if (devices < most) return null;
  return `Your account may have ${most === 1 ? "one phone" : `${most} phones`} at a time and has ${devices}; give one back, or ${more}.`;
}

/** `too_large` when so much more does not fit; `bytes` 0: when there is no room at all. */
export async function refuseBeyondStorage(
  query: Query,
  userId: Id,
  { bytes, everybodys }: { bytes: number; everybodys: Quota },
): Promise<void> {
  const { storageBytes: most } = await quotaOf(query, userId, everybodys);
  const { storageBytes: used } = await usedBy(query, userId);
  if (used + Math.max(bytes, 1) <= most) return;
  throw new Fault(
    "too_large",
    `Your apps and snapshots take ${mebibytes(used)} of ${mebibytes(most)} MiB, and this does not fit; remove some, or ${more}.`,
  );
}

const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(1);

export async function refuseBeyondSessions(tx: Tx, userId: Id, everybodys: Quota): Promise<void> {
  await lockQuota(tx, userId);
  const { sessions: most } = await quotaOf(tx, userId, everybodys);
  const { sessions } = await usedBy(tx, userId);
  if (sessions >= most)
    throw new Fault(
      "conflict",
      `Your account may have ${most} sessions open at a time and has ${sessions}; close one (\`cloudphone sessions\` shows them), or ${more}.`,
    );
}

/** What each account may have, and how much of it is taken. */
export function createQuotas({ database, source, quotas, wake }: CoreDeps) {
  const standing = async (query: Query, userId: Id): Promise<QuotaStanding> => ({
    userId,
    limits: await quotaOf(query, userId, quotas),
    used: await usedBy(query, userId),
  });
  return {
    show: (userId: Id) => standing(database.query, userId),

    /** What is beyond a smaller figure stays; only nothing is added to it. */
    async set(
      caller: Caller,
      wish: { account: string; change: QuotaChange; cause: Cause },
    ): Promise<QuotaStanding> {
      const { account, change, cause } = wish;
      const answer = await database.transaction(async (tx) => {
        const { userId } = await subordinate(tx, caller, account);
        await lockQuota(tx, userId);
        const [before] = await tx<Row>`
          select devices, storage_bytes as "storageBytes", sessions from quotas where user_id = ${userId}`;
        const pick = (name: keyof Quota): number | null =>
          change[name] === undefined ? (before?.[name] ?? null) : change[name];
        const [devices, bytes, sessions] = [
          pick("devices"),
          pick("storageBytes"),
          pick("sessions"),
        ];
        await tx`insert into quotas (user_id, devices, storage_bytes, sessions, changed_by)
          values (${userId}, ${devices}, ${bytes}, ${sessions}, ${caller.userId})
          on conflict (user_id) do update set devices = excluded.devices, storage_bytes = excluded.storage_bytes,
            sessions = excluded.sessions, changed_at = clock_timestamp(), changed_by = excluded.changed_by`;
        const now = await standing(tx, userId);
        const data = { userId, byUserId: caller.userId, ...now.limits };
        await emit(tx, [{ type: "user.quota.changed", subject: userId, data }], { cause, source });
        return now;
      });
      wake();
      return answer;
    },
  };
}
export type Quotas = ReturnType<typeof createQuotas>;
