import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { concernsEverybody, ownerSeenBy, type Permission } from "../auth/permissions.ts";
import type { Caller, RequestContext } from "./trpc.ts";

/** Something that somebody who may do more than a customer is about to do. */
export interface Act {
  readonly caller: Caller;
  readonly address: string;
  /** The procedure's name. */
  readonly act: string;
  /** As it was sent, not yet looked at. */
  readonly input: unknown;
  readonly correlationId: Id;
}

/** Where acts are written down. */
export interface Audit {
  /** Resolves once it is written; rejects when it can't be, and then it must not be done. What it gives is told the outcome (null: done) and never rejects. */
  begin(act: Act): Promise<(refusal: { code: string; message: string } | null) => Promise<void>>;
}

/** One's own affairs, whatever one's role; and a picture, which is only looked at. */
const unaudited = /^(notifications\.|devices\.screenshot$)/;

/** Whether a call is an act of somebody who may do more than a customer: what no customer may, or what they do with everybody's things. Pure. */
export const isAct = (
  caller: Caller,
  call: { readonly permission: Permission; readonly path: string; readonly type: string },
): boolean =>
  call.type === "mutation" &&
  !call.permission.endsWith(".read") &&
  !unaudited.test(call.path) &&
  (concernsEverybody(call.permission) || ownerSeenBy(caller) === null);

export type SignedInContext = RequestContext & { readonly caller: Caller };

/** For the few acts whose procedure is also everybody's own affair, which `needs` therefore does not know as acts. */
export async function writtenDown<T>(
  { audit, caller, address, correlationId }: SignedInContext,
  { act, input }: Pick<Act, "act" | "input">,
  work: () => Promise<T>,
): Promise<T> {
  const written = await audit?.begin({ caller, address, act, input, correlationId });
  try {
    const done = await work();
    await written?.(null);
    return done;
  } catch (error) {
    const { code, message } =
      error instanceof Fault ? error : { code: "internal", message: "Something went wrong." };
    await written?.({ code, message });
    throw error;
  }
}

/** For a route that changes something: what `needs` does for procedures. */
export const writtenDownIfAct = <T>(
  context: SignedInContext,
  { permission, act, input }: Pick<Act, "act" | "input"> & { readonly permission: Permission },
  work: () => Promise<T>,
): Promise<T> =>
  isAct(context.caller, { permission, path: act, type: "mutation" })
    ? writtenDown(context, { act, input }, work)
    : work();
