import { type EventDraft, newestVersion } from "@cloudphone/shared/events/catalog";
import type { Envelope } from "@cloudphone/shared/envelope";
import type { Source } from "@cloudphone/shared/ids";
import { storableJson } from "@cloudphone/shared/storable";
import type { Cause } from "../context.ts";
import type { Tx } from "../postgres/database.ts";

/** Something to be said, and why. */
export interface Caused {
  readonly draft: EventDraft;
  readonly cause: Cause;
}

/**
 * Adds events to the context's outbox inside the transaction that changes its state; the relay carries them to the
 * log after the commit, in this order. Returns them as they will be stored.
 */
export function emit(
  tx: Tx,
  drafts: readonly EventDraft[],
  { cause, source }: { cause: Cause; source: Source },
): Promise<Envelope[]> {
  const caused = drafts.map((draft) => ({ draft, cause }));
  return emitCaused(tx, caused, source);
}

/** The same for events that have causes of their own, in one statement. */
export async function emitCaused(
  tx: Tx,
  caused: readonly Caused[],
  source: Source,
): Promise<Envelope[]> {
  if (caused.length === 0) return [];
  const occurredAt = new Date(source.now()).toISOString();
  const envelopes = caused.map(
    ({ draft, cause }): Envelope => ({
      id: source.id(),
      type: draft.type,
      version: newestVersion(draft.type),
      subject: draft.subject,
      occurredAt,
      correlationId: cause.correlationId,
      causationId: cause.causationId,
      data: draft.data,
    }),
  );
  // JSON has no line ends of its own: cut at them, each event is looked through once.
  const lines = envelopes.map(storableJson).join("\n");
  await tx`insert into outbox (event)
    select line::json from string_to_table(${lines}, E'\n') with ordinality as l(line, place) order by place`;
  return envelopes;
}
