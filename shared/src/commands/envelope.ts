import { z } from "zod";
import { idSchema } from "../ids.ts";

/**
 * One-shot work on one device. It runs at most once per `id`, whatever is resent; it ends in exactly one outcome event.
 * `ttlMs` is what was left of its deadline when the hub sent this copy: an agent that can't begin within it answers
 * `timed_out`, and one that is still at work when it ends gives up.
 */
export const commandEnvelopeSchema = z.object({
  v: z.literal(1),
  id: idSchema,
  type: z.string().max(80),
  deviceId: idSchema,
  /** Fencing token of the lease it acts for; refused as `stale_lease` when the device's lease has another. 0: staff, on a device without a lease. */
  token: z.int().min(0),
  ttlMs: z.int().min(0).max(86_400_000),
  correlationId: idSchema,
  /** The event that asked for it. */
  causationId: idSchema,
  data: z.record(z.string(), z.unknown()),
});
export type CommandEnvelope = z.infer<typeof commandEnvelopeSchema>;
