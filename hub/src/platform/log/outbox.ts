import { type EventDraft, newestVersion } from "@cloudphone/shared/events/catalog";
import type { Envelope } from "@cloudphone/shared/envelope";
import type { Source } from "@cloudphone/shared/ids";
import type { Cause } from "../context.ts";
import type { Tx } from "../postgres/database.ts";

/**
 * Adds events to the context's outbox inside the transaction that changes its state; the relay carries them to the
 * log after the commit, in this order. Returns them as they will be stored.
 */
export async function emit(
  tx: Tx,
  drafts: readonly EventDraft[],
  context: { cause: Cause; source: Source },
): Promise<Envelope[]> {
  if (drafts.length === 0) return [];
  const envelopes = drafts.map(
    (draft): Envelope => ({
      id: context.source.id(),
      type: draft.type,
      version: newestVersion(draft.type),
      subject: draft.subject,
      occurredAt: new Date(context.source.now()).toISOString(),
      correlationId: context.cause.correlationId,
      causationId: context.cause.causationId,
      data: draft.data,
    }),
  );
  await tx`insert into outbox (event)
    select value from jsonb_array_elements(${tx.json(envelopes)}) with ordinality order by ordinality`;
  return envelopes;
}
