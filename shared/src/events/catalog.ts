import type { z } from "zod";
import { type Envelope, envelopeSchema, type RecordedEnvelope } from "../envelope.ts";
import { appEvents } from "./app.ts";
import { batchEvents } from "./batch.ts";
import { orderEvents, paymentEvents, usageEvents } from "./billing.ts";
import type { EventDefinition } from "./define.ts";
import { deviceEvents } from "./device.ts";
import { hostEvents } from "./host.ts";
import { notificationEvents } from "./notification.ts";
import { recordingEvents } from "./recording.ts";
import { sessionEvents } from "./session.ts";
import { settingsEvents } from "./settings.ts";
import { snapshotEvents } from "./snapshot.ts";
import { userEvents } from "./user.ts";

/** Every event the platform knows. A new one is an entry in its area's file; a new area is one line here. */
export const eventCatalog = {
  ...userEvents,
  ...hostEvents,
  ...deviceEvents,
  ...settingsEvents,
  ...snapshotEvents,
  ...recordingEvents,
  ...appEvents,
  ...sessionEvents,
  ...batchEvents,
  ...orderEvents,
  ...paymentEvents,
  ...usageEvents,
  ...notificationEvents,
} satisfies Record<string, EventDefinition>;

export type EventType = keyof typeof eventCatalog;
export type EventData<T extends EventType> = z.infer<(typeof eventCatalog)[T]["newest"]>;

/** An envelope whose data is of the newest version of its type. Distributes over a union of types. */
export type EventOf<T extends EventType> = T extends EventType
  ? Omit<Envelope, "type" | "data"> & { type: T; data: EventData<T> }
  : never;
export type RecordedEvent<T extends EventType = EventType> = T extends EventType
  ? Omit<RecordedEnvelope, "type" | "data"> & { type: T; data: EventData<T> }
  : never;

/** What a producer says; ids, times and numbers are added where it is stored. */
export type EventDraft<T extends EventType = EventType> = T extends EventType
  ? { type: T; subject: string; data: EventData<T> }
  : never;

export const isEventType = (type: string): type is EventType => Object.hasOwn(eventCatalog, type);

/** The version a producer writes today. */
export const newestVersion = (type: EventType): number => eventCatalog[type].versions.length;

export type Reading =
  | { outcome: "known"; data: EventData<EventType> }
  /** Written by a newer release: it waits until this one is upgraded. */
  | { outcome: "unknown"; reason: string }
  /** Does not have the shape its version promises. */
  | { outcome: "malformed"; reason: string };

/** Reads an event's data as the newest version, lifting older ones. Pure; the stored event is never rewritten. */
export function readEventData(envelope: Pick<Envelope, "type" | "version" | "data">): Reading {
  if (!isEventType(envelope.type))
    return { outcome: "unknown", reason: `event type ${envelope.type} is not known here` };
  const { versions } = eventCatalog[envelope.type] as EventDefinition;
  const stored = versions[envelope.version - 1];
  if (!stored)
    return {
      outcome: "unknown",
      reason: `version ${envelope.version} of ${envelope.type} is not known here`,
    };
  const parsed = stored.schema.safeParse(envelope.data);
  if (!parsed.success) return { outcome: "malformed", reason: describeIssues(parsed.error) };
  let data = parsed.data;
  for (const version of versions.slice(envelope.version)) data = version.upcast?.(data as never);
  return { outcome: "known", data: data as EventData<EventType> };
}

export type EnvelopeReading =
  | { outcome: "known" | "unknown"; envelope: Envelope; reason?: string }
  | { outcome: "malformed"; reason: string };

/** Parses an event from outside: `known` and `unknown` ones may be stored, `malformed` ones are quarantined. */
export function readEnvelope(input: unknown): EnvelopeReading {
  const parsed = envelopeSchema.safeParse(input);
  if (!parsed.success) return { outcome: "malformed", reason: describeIssues(parsed.error) };
  const reading = readEventData(parsed.data);
  if (reading.outcome === "malformed") return reading;
  return reading.outcome === "unknown"
    ? { outcome: "unknown", envelope: parsed.data, reason: reading.reason }
    : { outcome: "known", envelope: parsed.data };
}

/** "data.lease: expected object" for each problem, at most five, for logs and quarantine rows. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .flatMap(told)
    .slice(0, 5)
    .map((issue) => `${issue.path.join(".") || "value"}: ${issue.message}`)
    .join("; ");
}

type Issue = z.core.$ZodIssue;

/** Of a choice of forms, what is wrong with the one meant: whose complaint lies deepest. Of a key, what is wrong with it. */
function told(issue: Issue): Issue[] {
  const inner =
    issue.code === "invalid_union"
      ? issue.errors.toSorted((a, b) => depthOf(b) - depthOf(a))[0]
      : issue.code === "invalid_key"
        ? issue.issues
        : [];
  if (!inner?.length || (issue.code === "invalid_union" && depthOf(inner) === 0)) return [issue];
  return inner.flatMap((one) => told({ ...one, path: [...issue.path, ...one.path] }));
}

const depthOf = ([first]: readonly Issue[]): number => first?.path.length ?? 0;
