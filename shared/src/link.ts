import { z } from "zod";
import { commandEnvelopeSchema } from "./commands/envelope.ts";
import { batterySchema } from "./device.ts";
import { idSchema } from "./ids.ts";

/** The messages between an agent and its hub, one schema per topic kind (topics.ts). */

/** No MQTT packet is larger; the broker closes the connection of who sends one. */
export const maxPacketBytes = 256 * 1024;

/** Events still awaiting an ack that an agent may have on the wire, until an ack says otherwise. */
export const defaultWindow = 2000;

/**
 * `events`: consecutive outbox rows of one store epoch. The event stays unparsed here, so that one bad row is
 * quarantined alone. A row the agent can no longer read is sent as `lost`, so the numbers stay without a gap.
 */
export const eventBatchSchema = z.object({
  v: z.literal(1),
  epoch: idSchema,
  rows: z
    .array(
      z.object({
        seq: z.int().min(1),
        event: z.unknown().optional(),
        lost: z.string().max(500).optional(),
      }),
    )
    .min(1)
    .max(2000),
});
export type EventBatch = z.infer<typeof eventBatchSchema>;

/** `acks`: everything up to and including `seq` is committed. `resend` asks for all above it again. */
export const ackSchema = z.object({
  v: z.literal(1),
  epoch: idSchema,
  seq: z.int().min(0),
  window: z.int().min(1),
  resend: z.boolean(),
});
export type Ack = z.infer<typeof ackSchema>;

/** `heartbeat`: droppable; the hub never bills from it. */
export const heartbeatSchema = z.object({
  v: z.literal(1),
  epoch: idSchema,
  bootId: z.string().max(100),
  uptimeMs: z.number().min(0),
  outboxRows: z.int().min(0),
  load1: z.number().min(0),
  freeMemoryMiB: z.number().min(0),
  running: z.int().min(0),
  /** By device id. */
  batteries: z.record(idSchema, batterySchema).default({}),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

/** `presence`: hello when the link opens, bye on a clean stop; the broker says gone for an agent that vanished. */
export const presenceSchema = z.object({
  v: z.literal(1),
  kind: z.enum(["hello", "bye", "gone"]),
  epoch: idSchema,
  agentVersion: z.string().max(50),
});
export type Presence = z.infer<typeof presenceSchema>;

/** `commands` */
export const commandMessageSchema = commandEnvelopeSchema;

/** `refusals`: a publish of this host that the hub would not take, and why. */
export const refusalSchema = z.object({
  v: z.literal(1),
  topic: z.string().max(500),
  reason: z.string().max(1000),
});
export type Refusal = z.infer<typeof refusalSchema>;
