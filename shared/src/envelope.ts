import { z } from "zod";
import { idSchema } from "./ids.ts";

/** `area.fact`, past tense, lower case: `device.started`. */
export const eventTypeNameSchema = z
  .string()
  .max(80)
  .regex(/^[a-z]+(\.[a-z]+)+$/, "an event type is written area.fact, in lower case");

/**
 * What every event carries, whoever wrote it. `subject` is the id of the thing the event is about: order is kept,
 * and failures are parked, per subject. `occurredAt` is the author's wall clock and is for display only.
 */
export const envelopeSchema = z.object({
  id: idSchema,
  type: eventTypeNameSchema,
  version: z.int().min(1).max(1000),
  subject: z.string().min(1).max(200),
  occurredAt: z.iso.datetime({ offset: false }),
  /** The same on everything that one request of a person caused. */
  correlationId: idSchema,
  /** The event or command that directly caused this one. */
  causationId: idSchema.nullable(),
  data: z.record(z.string(), z.unknown()),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** An event as the log holds it. */
export interface RecordedEnvelope extends Envelope {
  /** Place in the log: 1, 2, 3, … without a gap, in commit order. */
  readonly position: number;
  /** Who wrote it: `host:<hostId>:<epoch>` or `context:<name>`. */
  readonly stream: string;
  /** The author's own number; (stream, seq) is unique in the log, so an event sent twice is stored once. */
  readonly seq: number;
  readonly recordedAt: string;
}

export const hostStream = (hostId: string, epoch: string): string => `host:${hostId}:${epoch}`;

/** The host and store epoch an event came from, or null when the hub wrote it. */
export function parseHostStream(stream: string): { hostId: string; epoch: string } | null {
  const [kind, hostId, epoch] = stream.split(":");
  return kind === "host" && hostId && epoch ? { hostId, epoch } : null;
}
