import { createHash } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { crashPoint } from "../crash-point.ts";
import type { Database, Tx } from "../postgres/database.ts";

export interface IdempotentCall {
  readonly userId: Id;
  /** Made by the client before it sends, kept over its retries. */
  readonly key: Id;
  /** The procedure's name. */
  readonly operation: string;
  /** What was asked, without the key; the same key with another input is refused. */
  readonly input: unknown;
}

/**
 * Runs `work` at most once per (user, key), in ONE transaction with the key's row, and gives every repeat the first answer.
 * A repeat that arrives while the first is still at work waits for it (the row's lock). 422 `idempotency_mismatch` for another input.
 */
export async function idempotent<T>(
  database: Database,
  call: IdempotentCall,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const hash = createHash("sha256")
    .update(`${call.operation}\n${JSON.stringify(call.input)}`)
    .digest("hex");
  const answer = await database.transaction(async (tx) => {
    const inserted = await tx`
      insert into idempotency_keys (user_id, key, request_hash) values (${call.userId}, ${call.key}, ${hash})
      on conflict (user_id, key) do nothing returning key`;
    if (inserted.count === 0) {
      const [row] = await tx<{ request_hash: string; response: { value: T } }>`
        select request_hash, response from idempotency_keys where user_id = ${call.userId} and key = ${call.key}`;
      if (!row || row.request_hash !== hash)
        throw new Fault(
          "idempotency_mismatch",
          "This idempotency key was already used for another request; make a new key.",
        );
      return row.response.value;
    }
    const value = await work(tx);
    tx.withCommit(
      () =>
        tx`update idempotency_keys set response = ${tx.json({ value })} where user_id = ${call.userId} and key = ${call.key}`,
    );
    crashPoint("hub.api.before-commit");
    return value;
  });
  crashPoint("hub.api.after-commit");
  return answer;
}
