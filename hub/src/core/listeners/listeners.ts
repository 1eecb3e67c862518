import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { z } from "zod";
import { hashSecret, newSecret } from "../../platform/auth/tokens.ts";
import { isSecret, listenerName } from "../../platform/broker/listeners.ts";
import { needs, router } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";

interface Listener {
  readonly listenerId: Id;
  readonly name: string;
  readonly username: string;
  readonly types: readonly string[];
  readonly createdBy: string;
  readonly createdAt: string;
}

type Deps = Pick<CoreDeps, "database" | "source" | "access">;

/** Which event types a listener may hear; null when there is none such, or (where one is given) the secret is not its own. */
export async function rightsOfListener(
  { database }: Pick<Deps, "database">,
  id: string,
  secret: string | null,
): Promise<readonly string[] | null> {
  if (!/^[0-9a-f-]{36}$/.test(id)) return null;
  const [row] = await database.query<{ secret_hash: string; types: string[] }>`
    select secret_hash, types from listeners where id = ${id} and removed_at is null`;
  if (!row || (secret !== null && !isSecret(secret, row.secret_hash))) return null;
  return row.types;
}

const typeSchema = z
  .string()
  .max(80)
  .regex(/^(\*|[a-z]+(\.[a-z]+)*(\.\*)?)$/, "is written order.paid, order.* or *");

/** Programs outside the platform that hear its events on MQTT, each with a secret and rights of its own. */
export function listenersRouter(deps: Deps) {
  const { database, source, access } = deps;
  return router({
    list: needs("listeners.write").query(async (): Promise<Listener[]> => {
      const rows = await database.query<Omit<Listener, "createdAt" | "username"> & { at: Date }>`
        select id as "listenerId", name, types, created_by as "createdBy", created_at as at
        from listeners where removed_at is null order by created_at limit 1000`;
      return rows.map(({ at, ...row }) => ({
        ...row,
        username: listenerName(row.listenerId),
        createdAt: at.toISOString(),
      }));
    }),
    /** The secret is in this answer and nowhere else. */
    create: needs("listeners.write")
      .input(
        z.object({
          name: z.string().trim().min(1).max(100),
          types: z.array(typeSchema).min(1).max(50),
        }),
      )
      .mutation(async ({ input: { name, types }, ctx }) => {
        const listenerId = source.id();
        const secret = newSecret();
        await database.transaction(async (tx) => {
          await tx`
            insert into listeners (id, name, secret_hash, types, created_by)
            values (${listenerId}, ${name}, ${hashSecret(secret)}, ${types}, ${ctx.caller.email})`;
          await access.admitListener({ id: listenerId, types }, secret);
        });
        return { listenerId, username: listenerName(listenerId), secret };
      }),
    /** One that hears something is cut off within seconds. */
    remove: needs("listeners.write")
      .input(z.object({ listenerId: z.uuid() }))
      .mutation(async ({ input }) => {
        await database.transaction(async (tx) => {
          const rows = await tx`
            update listeners set removed_at = clock_timestamp() where id = ${input.listenerId} and removed_at is null returning id`;
          if (rows.count === 0)
            throw new Fault(
              "not_found",
              "There is no such listener; `cloudphone listeners list` shows them.",
            );
          await access.expelListener(input.listenerId);
        });
        return { removed: true };
      }),
  });
}
