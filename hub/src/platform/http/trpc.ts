import { Fault, toFault } from "@cloudphone/shared/fault";
import type { Role } from "@cloudphone/shared/events/user";
import type { Id, Source } from "@cloudphone/shared/ids";
import { initTRPC } from "@trpc/server";

/** Who is asking, as the access token says. */
export interface Caller {
  readonly userId: Id;
  readonly email: string;
  readonly role: Role;
}

/** What every procedure gets. */
export interface RequestContext {
  readonly caller: Caller | null;
  readonly source: Source;
  /** Goes into every event this request causes. */
  readonly correlationId: Id;
  /** The caller's network address, for limits and logs. */
  readonly address: string;
}

const t = initTRPC.context<RequestContext>().create({
  // The stack and the cause stay in the hub's log; people get the code and the sentence.
  errorFormatter: ({ shape, error }) => ({
    code: shape.code,
    message: error.cause instanceof Fault ? error.cause.message : shape.message,
    data: {
      code: shape.data.code,
      httpStatus: shape.data.httpStatus,
      fault: error.cause instanceof Fault ? error.cause.code : null,
    },
  }),
});

export const router = t.router;
export const mergeRouters = t.mergeRouters;
export const createCallerFactory = t.createCallerFactory;
export { toFault };

/** Every procedure starts from one of these four. `anyone` is for the few that come before sign-in. */
export const anyone = t.procedure;
export const signedIn = anyone;
export const staff = anyone;
export const admin = anyone;
