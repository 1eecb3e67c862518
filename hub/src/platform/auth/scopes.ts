import { Fault } from "@cloudphone/shared/fault";
import { z } from "zod";
import type { Caller } from "../http/trpc.ts";

/**
 * What an API key may do: "devices.read" calls the queries and subscriptions of an area, "devices.write" its mutations as well; "*.read" and
 * "*.write" are every area's. Areas are the first words of procedures, so that a new one is covered without being named here.
 */
export const scopeSchema = z
  .string()
  .regex(
    /^(\*|[a-z][a-zA-Z]{0,30})\.(read|write)$/,
    "a scope is <area>.read or <area>.write, as in devices.read; * is every area",
  );

/** Areas and procedures of what only a person who signed in does: a key must not make keys, nor end or begin sign-ins. */
const personal = new Set(["apiKeys", "signIns", "accounts.changePassword"]);

/** `path`: of the procedure, or its area alone. Throws `forbidden` when the caller came with a key that was not made for this. */
export function checkScope(
  caller: Caller,
  { path, writes }: { readonly path: string; readonly writes: boolean },
): void {
  if (!caller.key) return;
  const area = path.split(".")[0] ?? path;
  if (personal.has(area) || personal.has(path))
    throw new Fault("forbidden", "An API key can't do this; sign in with your password.");
  const enough = [`${area}.write`, "*.write", ...(writes ? [] : [`${area}.read`, "*.read"])];
  if (caller.key.scopes.some((scope) => enough.includes(scope))) return;
  throw new Fault(
    "forbidden",
    `This API key may not do this: it needs the scope ${area}.${writes ? "write" : "read"}.`,
  );
}
