import { z } from "zod";
import { faultCodes, type FaultCode } from "../fault.ts";
import { idSchema } from "../ids.ts";

/** What every outcome of a command says first. */
export const outcomeSchema = z.object({ commandId: idSchema, deviceId: idSchema });

const codes = Object.keys(faultCodes) as [FaultCode, ...FaultCode[]];

/** Why a command failed: a code a program can act on and a sentence for a person. */
export const outcomeFailureSchema = outcomeSchema.extend({
  code: z.enum(codes),
  reason: z.string().max(2000),
});
export type OutcomeFailure = z.infer<typeof outcomeFailureSchema>;
