import type { RecordedEnvelope } from "@cloudphone/shared/envelope";

/** A row of the table of events. */
export interface EventRow {
  position: number;
  id: string;
  stream: string;
  seq: number;
  type: string;
  version: number;
  subject: string;
  occurred_at: Date;
  recorded_at: Date;
  correlation_id: string;
  causation_id: string | null;
  data: Record<string, unknown>;
}

/** As everybody reads it. */
export const toEvent = (row: EventRow): RecordedEnvelope => ({
  position: row.position,
  stream: row.stream,
  seq: row.seq,
  id: row.id,
  type: row.type,
  version: row.version,
  subject: row.subject,
  occurredAt: row.occurred_at.toISOString(),
  recordedAt: row.recorded_at.toISOString(),
  correlationId: row.correlation_id,
  causationId: row.causation_id,
  data: row.data,
});
