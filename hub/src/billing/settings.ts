import type { Source } from "@cloudphone/shared/ids";
import type { Database } from "../platform/postgres/database.ts";

/** What billing's parts share, with every choice made. */
export interface BillingSettings {
  readonly database: Database;
  readonly source: Source;
  /** The one currency this operator sells in. */
  readonly currency: string;
  readonly onCommitted: () => void;
  /** A balance below this is said to be low. */
  readonly lowBalanceMinor: number;
}
