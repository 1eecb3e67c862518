import { z } from "zod";
import type { FaultCode } from "../fault.ts";
import { idSchema } from "../ids.ts";
import { event, type EventDefinition } from "./define.ts";
import { outcomeFailureSchema, outcomeSchema } from "./outcome.ts";

const commandId = "018f3c5a-0000-7000-8000-0000000000c1";
const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const userId = "018f3c5a-0000-7000-8000-000000000011";

/** `asked` is the command's data as it was sent: what it may be has changed since, perhaps, and the event must stay readable. */
const requestedSchema = outcomeSchema.extend({
  userId: idSchema,
  asked: z.record(z.string(), z.unknown()),
});

type Completed<R extends z.ZodRawShape> = z.ZodObject<typeof outcomeSchema.shape & R>;

type OperationEvents<N extends string, R extends z.ZodRawShape> = {
  readonly [K in `${N}.requested`]: EventDefinition<typeof requestedSchema>;
} & { readonly [K in `${N}.completed`]: EventDefinition<Completed<R>> } & {
  readonly [K in `${N}.failed`]: EventDefinition<typeof outcomeFailureSchema>;
};

/** The three events of a command that one person gives to one phone: asked for, and one of its two ends. */
export function operationEvents<N extends string, R extends z.ZodRawShape>(
  name: N,
  operation: {
    /** A sample of the command's data. */
    readonly asked: Record<string, unknown>;
    readonly result: R;
    /** A sample of the result. */
    readonly sample: z.input<z.ZodObject<R>>;
    /** A sample of a failure. */
    readonly failure: readonly [FaultCode, string];
  },
): OperationEvents<N, R> {
  const { asked, result, sample, failure } = operation;
  const [code, reason] = failure;
  const completed = outcomeSchema.extend(result) as unknown as Completed<R>;
  const events = {
    [`${name}.requested`]: event("core", requestedSchema, { commandId, deviceId, userId, asked }),
    [`${name}.completed`]: event("agent", completed, {
      commandId,
      deviceId,
      ...sample,
    } as z.input<Completed<R>>),
    [`${name}.failed`]: event("agent", outcomeFailureSchema, { commandId, deviceId, code, reason }),
  };
  return events as unknown as OperationEvents<N, R>;
}
