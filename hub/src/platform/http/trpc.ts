import { describeIssues } from "@cloudphone/shared/events/catalog";
import { Fault, type FaultCode, faultCodes } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import { isStorable } from "@cloudphone/shared/storable";
import { initTRPC, TRPCError } from "@trpc/server";
import type { Logger } from "pino";
import { z } from "zod";
import {
  checkPermission,
  concernsEverybody,
  ownerSeenBy,
  type Permission,
} from "../auth/permissions.ts";
import { checkScope } from "../auth/scopes.ts";
import { type Audit, isAct } from "./audit.ts";
import { asTenant, iterateAsTenant } from "../postgres/tenant.ts";

/** Who is asking, as the hub found when it looked at what they came with. */
export interface Caller {
  readonly userId: Id;
  readonly email: string;
  readonly role: string;
  /** What the role may do; absent: what the built-in one of that name may. */
  readonly permissions?: readonly Permission[];
  /** The API key the call came with, and what it may do; absent for whoever signed in. */
  readonly key?: { readonly id: Id; readonly scopes: readonly string[] };
  /** The sign-in the call came with; absent for an API key. */
  readonly signInId?: Id;
  /** The password was given by an operator: all that may be done is to choose another. */
  readonly passwordIsTemporary?: boolean;
}

/** What every procedure gets. */
export interface RequestContext {
  readonly caller: Caller | null;
  readonly source: Source;
  /** Goes into every event this request causes. */
  readonly correlationId: Id;
  /** The caller's network address, for limits and logs. */
  readonly address: string;
  /** What the caller's program calls itself, for the list of sign-ins. */
  readonly client?: string | null | undefined;
  readonly logger: Logger;
  /** Counts this call against the caller's limits; absent where the edge has counted the whole request already. */
  readonly countCall?: (() => Promise<void>) | undefined;
  /** Where acts of people who may do more than customers are written down; absent: nowhere. */
  readonly audit?: Audit | undefined;
  /** For monitoring: which procedure was called, "ok" or the code of its fault, and how long it took. */
  readonly observe?: ((procedure: string, outcome: string, durationMs: number) => void) | undefined;
}

/** What a procedure asks of its caller: a permission, to be signed in, or nothing. */
export interface ProcedureMeta {
  readonly permission: Permission | "signed in" | "anyone";
}

const t = initTRPC
  .context<RequestContext>()
  .meta<ProcedureMeta>()
  .create({
    // The stack and the cause stay in the hub's log; people get the code and the sentence.
    errorFormatter: ({ shape, error }) => {
      const { message, fault } = explain(error);
      return {
        code: shape.code,
        message,
        data: { code: shape.data.code, httpStatus: shape.data.httpStatus, fault },
      };
    },
  });

/** The sentence and the code a caller gets for an error, whatever it was. */
export function explain(error: TRPCError): { message: string; fault: FaultCode } {
  if (error.cause instanceof Fault)
    return { message: error.cause.message, fault: error.cause.code };
  if (error.cause instanceof z.ZodError)
    return { message: `Bad input: ${describeIssues(error.cause)}`, fault: "bad_input" };
  if (error.code === "PAYLOAD_TOO_LARGE")
    return { message: "A request may have at most 1 MiB.", fault: "too_large" };
  if (error.code === "NOT_FOUND") return { message: error.message, fault: "not_found" };
  if (error.code === "INTERNAL_SERVER_ERROR")
    return {
      message: "Something went wrong inside the hub; its log has the cause.",
      fault: "internal",
    };
  return { message: error.message, fault: "bad_input" };
}

export const router = t.router;

// Gives each Fault the status its table says, and logs what is nobody's fault but ours.
const faults = t.middleware(async ({ next, ctx, path }) => {
  const begunMs = performance.now();
  const result = await next();
  ctx.observe?.(path, result.ok ? "ok" : explain(result.error).fault, performance.now() - begunMs);
  if (result.ok) return result;
  const cause = result.error.cause;
  if (cause instanceof Fault)
    throw new TRPCError({ code: faultCodes[cause.code].trpc, message: cause.message, cause });
  if (result.error.code === "INTERNAL_SERVER_ERROR")
    ctx.logger.error({ err: cause, path, correlationId: ctx.correlationId }, "a request failed");
  return result;
});

/** Every procedure starts from one of these three. `anyone` is for the few that come before sign-in. */
export const anyone = t.procedure
  .meta({ permission: "anyone" })
  .use(faults)
  .use(async ({ next, ctx, getRawInput }) => {
    await ctx.countCall?.();
    if (!isStorable(await getRawInput()))
      throw new Fault(
        "bad_input",
        "Bad input: a text has the character 0 or half of a character in it; leave that out.",
      );
    return next();
  });

/** For what belongs to whoever has signed in, whatever their role: who they are, their password, keys and sign-ins. */
export const signedIn = anyone
  .meta({ permission: "signed in" })
  .use(async ({ next, ctx, path, type }) => {
    const { caller } = ctx;
    if (!caller)
      throw new Fault(
        "unauthenticated",
        "Sign in first: `cloudphone login`, or send a bearer token.",
      );
    checkScope(caller, { path, writes: type === "mutation" });
    if (caller.passwordIsTemporary && !withTemporaryPassword.has(path))
      throw new Fault(
        "forbidden",
        "Your password was reset: choose one of your own first, with `cloudphone password`.",
      );
    const owner = ownerSeenBy(caller);
    const result = await asTenant(owner, () => next({ ctx: { ...ctx, caller } }));
    if (!result.ok || !isAsyncIterable(result.data)) return result;
    return { ...result, data: iterateAsTenant(owner, result.data) };
  });

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;

const withTemporaryPassword = new Set(["accounts.me", "accounts.changePassword"]);

/** For everything else: the one place where a procedure says what its caller must be allowed. */
export const needs = (permission: Permission) =>
  signedIn.meta({ permission }).use(async ({ next, ctx, path, type, getRawInput }) => {
    checkPermission(ctx.caller, permission);
    const { caller, audit, address, correlationId } = ctx;
    const written =
      audit && isAct(caller, { permission, path, type })
        ? await audit.begin({
            caller,
            address,
            act: path,
            input: await getRawInput(),
            correlationId,
          })
        : null;
    const result = concernsEverybody(permission)
      ? await asTenant(null, () => next({ ctx }))
      : await next({ ctx });
    if (written) await written(result.ok ? null : refusalOf(result.error));
    return result;
  });

const refusalOf = (error: TRPCError): { code: string; message: string } => {
  const { fault: code, message } = explain(error);
  return { code, message };
};

/** The cause of what a request emits. */
export const requestCause = (ctx: RequestContext) => ({
  correlationId: ctx.correlationId,
  causationId: null,
});
