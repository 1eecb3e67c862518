import { staff } from "../../platform/http/trpc.ts";
import type { BillingSettings } from "../settings.ts";
import { verifyLedger } from "./verify.ts";

export function ledgerRouter({ database }: BillingSettings) {
  return {
    /** Recounts everything; `sound` is false when anything is wrong. */
    verify: staff.query(() => verifyLedger(database)),
  };
}
