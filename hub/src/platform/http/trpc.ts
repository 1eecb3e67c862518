import { describeIssues } from "@cloudphone/shared/events/catalog";
import type { Role } from "@cloudphone/shared/events/user";
import { Fault, type FaultCode, faultCodes } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import { initTRPC, TRPCError } from "@trpc/server";
import type { Logger } from "pino";
import { z } from "zod";
import { checkScope } from "../auth/scopes.ts";

/** Who is asking, as the access token says. */
export interface Caller {
  readonly userId: Id;
  readonly email: string;
  readonly role: Role;
  /** The API key the call came with, and what it may do; absent for whoever signed in. */
  readonly key?: { readonly id: Id; readonly scopes: readonly string[] };
}

/** What every procedure gets. */
export interface RequestContext {
  readonly caller: Caller | null;
  readonly source: Source;
  /** Goes into every event this request causes. */
  readonly correlationId: Id;
  /** The caller's network address, for limits and logs. */
  readonly address: string;
  readonly logger: Logger;
  /** Counts this call against the caller's limits; absent where the edge has counted the whole request already. */
  readonly countCall?: (() => Promise<void>) | undefined;
  /** For monitoring: which procedure was called, "ok" or the code of its fault, and how long it took. */
  readonly observe?: ((procedure: string, outcome: string, durationMs: number) => void) | undefined;
}

const t = initTRPC.context<RequestContext>().create({
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

/** Every procedure starts from one of these four. `anyone` is for the few that come before sign-in. */
export const anyone = t.procedure.use(faults).use(async ({ next, ctx }) => {
  await ctx.countCall?.();
  return next();
});

export const signedIn = anyone.use(({ next, ctx, path, type }) => {
  if (!ctx.caller)
    throw new Fault(
      "unauthenticated",
      "Sign in first: `cloudphone login`, or send a bearer token.",
    );
  checkScope(ctx.caller, { area: path.split(".")[0] ?? path, writes: type === "mutation" });
  return next({ ctx: { ...ctx, caller: ctx.caller } });
});

const withRole = (roles: readonly Role[]) =>
  signedIn.use(({ next, ctx }) => {
    if (!roles.includes(ctx.caller.role))
      throw new Fault(
        "forbidden",
        `This is for ${roles.join(" and ")} accounts; you are ${ctx.caller.role}.`,
      );
    return next({ ctx });
  });

export const staff = withRole(["operator", "admin"]);
export const admin = withRole(["admin"]);

export const isStaff = (caller: Caller): boolean => caller.role !== "customer";

/** The cause of what a request emits. */
export const requestCause = (ctx: RequestContext) => ({
  correlationId: ctx.correlationId,
  causationId: null,
});
