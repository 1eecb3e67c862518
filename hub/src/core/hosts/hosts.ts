import { timingSafeEqual } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { partitionOf } from "@cloudphone/shared/partitions";
import type { Presence } from "@cloudphone/shared/link";
import { hashSecret, newSecret } from "../../platform/auth/tokens.ts";
import type { Cause, Consumer, Timer } from "../../platform/context.ts";
import { owns } from "../../platform/hubs/ownership.ts";
import { emit } from "../../platform/log/outbox.ts";
import { retryLevel } from "../../platform/postgres/reachability.ts";
import type { CoreDeps } from "../deps.ts";
import { aged, heard, type HostState, type HostView, left } from "./host-state.ts";

const monoMs = (): number => performance.now();

/**
 * The host registry: enrolment by one-time token, sign-in of agents, and who is there. Heartbeats are kept in memory; only changes of
 * state are written, each with its event in one transaction.
 */
export function createHosts(deps: CoreDeps) {
  const { database, source } = deps;
  const views = new Map<Id, HostView>();
  const startedMs = monoMs();
  const dirty = new Set<Id>();

  /** A host the hub has not heard yet is as it was, and its silence counts from when it became this hub's. */
  const viewOf = async (hostId: Id): Promise<HostView | null> => {
    const known = views.get(hostId);
    if (known) return known;
    const [row] = await database.query<{ state: HostState | "removed" }>`
      select state from hosts where id = ${hostId}`;
    if (!row || row.state === "removed") return null;
    const sinceMs = deps.ownership.sinceMs(partitionOf(hostId)) ?? monoMs();
    const view: HostView = {
      state: row.state,
      lastHeardMs: Math.max(startedMs, sinceMs),
      beats: 0,
    };
    views.set(hostId, view);
    return view;
  };

  const change = async (hostId: Id, before: HostView, after: HostView): Promise<void> => {
    if (before.state === after.state) {
      views.set(hostId, after);
      return;
    }
    const silentMs = Math.round(monoMs() - before.lastHeardMs);
    const types = {
      connected: "host.connected",
      suspected: "host.suspected",
      lost: "host.lost",
    } as const;
    await database.transaction(async (tx) => {
      const rows =
        await tx`update hosts set state = ${after.state}, last_seen_at = clock_timestamp()
        where id = ${hostId} and state <> 'removed' returning id`;
      if (rows.count === 0 || after.state === "enrolled") return;
      const type = types[after.state];
      const draft =
        type === "host.connected"
          ? { type, subject: hostId, data: { hostId } }
          : { type, subject: hostId, data: { hostId, silentMs } };
      const cause = { correlationId: source.id(), causationId: null };
      await emit(tx, [draft], { cause, source });
    });
    views.set(hostId, after);
    deps.wake();
  };

  // One change of a host after the other, so that two heartbeats at once can't both say it came back.
  const lines = new Map<Id, Promise<void>>();
  const inLine = (hostId: Id, work: () => Promise<void>): void => {
    const next = (lines.get(hostId) ?? Promise.resolve()).then(work).catch((error: unknown) => {
      deps.logger[retryLevel(error)]({ err: error, hostId }, "a host's state could not be stored");
    });
    lines.set(hostId, next);
    void next.then(() => {
      if (lines.get(hostId) === next) lines.delete(hostId);
    });
  };

  const update = (hostId: Id, next: (view: HostView) => HostView): void =>
    inLine(hostId, async () => {
      const view = owns(deps.ownership, hostId) ? await viewOf(hostId) : null;
      if (view) await change(hostId, view, next(view));
      else views.delete(hostId);
    });

  const watch: Timer = {
    name: "core.hosts.watch",
    everyMs: 1000,
    everyHub: true,
    async run() {
      const rows = await database.query<{ id: Id }>`
        select id from hosts where state in ('connected', 'suspected')`;
      for (const { id } of rows) update(id, (view) => aged(view, monoMs()));
      const seen = [...dirty];
      dirty.clear();
      if (seen.length > 0)
        await database.query`update hosts set last_seen_at = clock_timestamp() where id = any(${seen}::uuid[])`;
    },
  };

  const consumer: Consumer = {
    name: "core.hosts",
    on: {
      "host.started": async ({ data }, { tx }) => {
        await tx`update hosts set providers = ${tx.json(data.providers)}, epoch = ${data.epoch},
          agent_version = ${data.agentVersion}, recording_days = ${data.recordingDays ?? 0} where id = ${data.hostId}`;
      },
      "host.providers.changed": async ({ data }, { tx }) => {
        await tx`update hosts set providers = ${tx.json(data.providers)} where id = ${data.hostId}`;
      },
    },
  };

  return {
    consumer,
    timer: watch,

    onHeartbeat(hostId: Id): void {
      dirty.add(hostId);
      update(hostId, (view) => heard(view, monoMs()));
    },

    onPresence(hostId: Id, presence: Presence): void {
      if (presence.kind !== "hello") update(hostId, left);
      // A fresh link says hello and its first heartbeat at once: together they are the two signs of life.
      else update(hostId, (view) => heard(view, monoMs()));
    },

    /** A one-time token, shown once. */
    async createEnrollment(
      by: Id,
      name: string | null,
    ): Promise<{ token: string; expiresAt: string }> {
      const token = newSecret();
      const [row] = await database.query<{ expires_at: Date }>`
        insert into enrollment_tokens (hash, name, created_by, expires_at)
        values (${hashSecret(token)}, ${name}, ${by}, clock_timestamp() + interval '1 day') returning expires_at`;
      return { token, expiresAt: (row?.expires_at ?? new Date(source.now())).toISOString() };
    },

    async enroll(token: string, name: string, cause: Cause) {
      const secret = newSecret();
      const hostId = source.id();
      await database.transaction(async (tx) => {
        const used = await tx`update enrollment_tokens set used_by = ${hostId}
          where hash = ${hashSecret(token)} and used_by is null and expires_at > clock_timestamp() returning hash`;
        if (used.count === 0)
          throw new Fault(
            "unauthenticated",
            "This enrolment token was used already, is over, or was never given; make a new one with `cloudphone hosts enroll-token`.",
          );
        await tx`insert into hosts (id, name, secret_hash) values (${hostId}, ${name}, ${hashSecret(secret)})`;
        await emit(tx, [{ type: "host.enrolled", subject: hostId, data: { hostId, name } }], {
          cause,
          source,
        });
        await deps.access.admitHost(hostId, secret);
      });
      deps.wake();
      return { hostId, secret, mqtt: deps.mqttAddress() };
    },

    async verifyHost(hostId: Id, secret: string): Promise<boolean> {
      if (!/^[0-9a-f-]{36}$/.test(hostId)) return false;
      const [row] = await database.query<{ secret_hash: string }>`
        select secret_hash from hosts where id = ${hostId} and state <> 'removed'`;
      const given = Buffer.from(hashSecret(secret));
      return row !== undefined && timingSafeEqual(given, Buffer.from(row.secret_hash));
    },

    /** For good: its leases end, its devices are gone, and billing closes what it had open at the last confirmed second. */
    async remove(hostId: Id, reason: string, cause: Cause): Promise<void> {
      await database.transaction(async (tx) => {
        const rows =
          await tx`update hosts set state = 'removed', secret_hash = '' where id = ${hostId} and state <> 'removed' returning id`;
        if (rows.count === 0) throw new Fault("not_found", "There is no such host.");
        await emit(tx, [{ type: "host.removed", subject: hostId, data: { hostId, reason } }], {
          cause,
          source,
        });
        await deps.access.expelHost(hostId);
      });
      views.delete(hostId);
      deps.wake();
    },
  };
}
export type Hosts = ReturnType<typeof createHosts>;
