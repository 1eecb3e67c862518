import type { Id } from "@cloudphone/shared/ids";
import type { Timer } from "../../platform/context.ts";
import type { Act, Audit } from "../../platform/http/audit.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { asTenant } from "../../platform/postgres/tenant.ts";
import type { CoreDeps } from "../deps.ts";
import { askedFor } from "./asked.ts";

export interface AuditEntry {
  readonly id: Id;
  readonly at: string;
  readonly by: string;
  /** The API key it was done with; null: signed in. */
  readonly keyId: Id | null;
  readonly address: string;
  /** The API's name for it. */
  readonly act: string;
  readonly asked: unknown;
  readonly correlationId: Id;
  /** "ok", the code of the refusal, or null: not known, since the hub ended meanwhile. */
  readonly outcome: string | null;
  /** The refusal's words. */
  readonly refusal: string | null;
}

export interface AuditFilter {
  /** An e-mail address, whole. */
  readonly by: string | null;
  /** `hosts.drain`, or an area: `hosts`. */
  readonly act: string | null;
  /** Only those before that one. */
  readonly before: Id | null;
  readonly limit: number;
}

/** The audit log: each act's row is there before the act, so that nothing is done that is not written down. */
export function createAudit({
  database,
  source,
  logger,
}: Pick<CoreDeps, "database" | "source" | "logger">): Audit {
  return {
    async begin(act) {
      const id = source.id();
      await asTenant(null, () => insert(database, id, act));
      return async (refusal) => {
        try {
          await asTenant(null, () => end(database, id, refusal));
        } catch (error) {
          // It is done all the same, and its row says that the outcome is not known.
          logger.warn({ err: error, act: act.act }, "an act's outcome could not be written down");
        }
      };
    },
  };
}

// Not waited for to be on the disk: what the act itself commits comes later in the same write-ahead log, so whoever finds the act finds its row.
async function insert({ query }: Database, id: Id, act: Act): Promise<void> {
  const { caller, address, correlationId } = act;
  await query`
    with quick as materialized (select set_config('synchronous_commit', 'off', true))
    insert into audit_log (id, by_user, by_email, by_key, address, act, asked, correlation_id)
    select ${id}, ${caller.userId}, ${caller.email}, ${caller.key?.id ?? null}::uuid, ${address}, ${act.act},
      ${JSON.stringify(askedFor(act.input))}::text::jsonb, ${correlationId} from quick`;
}

async function end(
  { query }: Database,
  id: Id,
  refusal: { code: string; message: string } | null,
): Promise<void> {
  await query`
    with quick as materialized (select set_config('synchronous_commit', 'off', true))
    update audit_log set outcome = ${refusal?.code ?? "ok"}, refusal = ${refusal?.message ?? null}
    from quick where id = ${id}`;
}

const deletedAtOnce = 1000;

/** What is older than so many days goes; null: nothing does. In small pieces, so that no act waits for it. */
export const auditCleaning = (database: Database, keepDays: number | null): Timer => ({
  name: "core.audit.clean",
  everyMs: 3_600_000,
  async run() {
    if (keepDays === null) return;
    for (let more = true; more; ) {
      // Ids grow with time: the oldest stand together, and no other index is needed.
      const gone = await database.query`
        delete from audit_log where at < clock_timestamp() - ${keepDays} * interval '1 day'
          and id in (select id from audit_log order by id limit ${deletedAtOnce})`;
      more = gone.count === deletedAtOnce;
    }
  },
});

/** Newest first. */
export async function listAudit(
  { query }: Database,
  { by, act, before, limit }: AuditFilter,
): Promise<AuditEntry[]> {
  const rows = await query<Omit<AuditEntry, "at"> & { at: Date }>`
    select id, at, by_email as by, by_key as "keyId", address, act, asked, correlation_id as "correlationId", outcome, refusal
    from audit_log
    where (${by}::text is null or by_email = ${by}) and (${before}::uuid is null or id < ${before})
      and (${act}::text is null or act = ${act} or starts_with(act, ${act} || '.'))
    order by id desc limit ${limit}`;
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
