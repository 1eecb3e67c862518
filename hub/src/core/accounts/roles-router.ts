import { roleNameSchema } from "@cloudphone/shared/events/user";
import { z } from "zod";
import { allPermissions, permissions } from "../../platform/auth/permissions.ts";
import { needs, router } from "../../platform/http/trpc.ts";
import type { Roles } from "./roles.ts";

const permission = z.enum(allPermissions, {
  error: ({ input }) =>
    `there is no permission ${String(input).slice(0, 60)}; \`cloudphone roles permissions\` lists them`,
});

export function rolesRouter(roles: Roles) {
  return router({
    list: needs("accounts.read").query(() => roles.list()),
    /** What there is to compose a role of. */
    permissions: needs("accounts.read").query(() =>
      allPermissions.map((name) => ({ name, means: permissions[name] })),
    ),
    /** Makes one, or replaces what one may do. */
    save: needs("roles.write")
      .input(
        z.object({
          name: roleNameSchema,
          description: z.string().trim().max(200).default(""),
          permissions: z.array(permission).min(1).max(allPermissions.length),
        }),
      )
      .mutation(({ input, ctx }) => roles.save(ctx.caller, input)),
    remove: needs("roles.write")
      .input(z.object({ name: roleNameSchema }))
      .mutation(async ({ input }) => {
        await roles.remove(input.name);
        return { removed: true };
      }),
  });
}
