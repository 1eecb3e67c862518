import { freemem, loadavg } from "node:os";
import { type CommandEnvelope, commandEnvelopeSchema } from "@cloudphone/shared/commands/envelope";
import { type Desired, desiredSchema } from "@cloudphone/shared/device";
import { describeIssues } from "@cloudphone/shared/events/catalog";
import { ackSchema, type Heartbeat, type Presence, refusalSchema } from "@cloudphone/shared/link";
import { agentSubscriptions, hostTopic, parseTopic } from "@cloudphone/shared/topics";
import type { Logger } from "pino";
import type { z } from "zod";
import type { OpenStore } from "../store/open.ts";
import type { MonoClock } from "../usage/clock.ts";
import { type MqttSession, openMqtt } from "./mqtt.ts";
import { Uplink } from "./uplink.ts";

const heartbeatMs = 10_000;

export interface LinkOptions {
  readonly hostId: string;
  readonly secret: string;
  readonly mqtt: { readonly host: string; readonly port: number; readonly tls: boolean };
  readonly agentVersion: string;
  readonly store: OpenStore;
  readonly clock: MonoClock;
  readonly logger: Logger;
  /** For the sign of life. */
  batteries(): Heartbeat["batteries"];
  onDesired(desired: Desired): void;
  onCommand(command: CommandEnvelope): void;
}

export interface Link {
  /** Whether the hub answers: its first answer comes with what every device of this host should be. */
  readonly linked: boolean;
  start(): void;
  /** Says goodbye and closes. */
  stop(): Promise<void>;
  /** Resolves when the hub has acknowledged everything, or after `deadlineMs`. */
  flush(deadlineMs: number): Promise<void>;
}

/** The agent's one line to its hub: events up, acks, desired states and commands down, and a sign of life every 10 s. */
export function createLink(options: LinkOptions): Link {
  const { hostId, store, logger, clock } = options;
  // Of events only the hub's own ack says anything, and what it does not acknowledge is sent again: a PUBACK for each would be work for nothing.
  const publish = (kind: "events" | "presence" | "heartbeat", message: unknown): void =>
    session.publish(hostTopic(hostId, kind), message, kind === "presence" ? 1 : 0);
  const presence = (kind: Presence["kind"]): Presence => ({
    v: 1,
    kind,
    epoch: store.epoch,
    agentVersion: options.agentVersion,
  });
  const uplink = new Uplink({
    outbox: store.outbox,
    logger,
    nowMs: clock.nowMs,
    send: (batch) => publish("events", batch),
  });
  const beat = (): void => publish("heartbeat", heartbeatOf(options));
  const session: MqttSession = openMqtt({
    ...options,
    subscriptions: agentSubscriptions(hostId),
    will: { topic: hostTopic(hostId, "presence"), message: presence("gone") },
    onOpen: () => {
      publish("presence", presence("hello"));
      beat();
    },
    onClose: () => uplink.unlink(),
    onMessage: (topic, payload) => receive({ topic, payload, options, uplink }),
  });
  let timer: NodeJS.Timeout | null = null;
  return {
    get linked() {
      return uplink.linked;
    },
    start() {
      uplink.start();
      session.start();
      timer = setInterval(() => {
        if (!session.open) return;
        // A hub whose database was away could not answer the first hello.
        if (!uplink.linked) publish("presence", presence("hello"));
        beat();
      }, heartbeatMs);
    },
    async stop() {
      if (timer) clearInterval(timer);
      uplink.stop();
      if (session.open) publish("presence", presence("bye"));
      await session.stop();
    },
    async flush(deadlineMs) {
      const until = clock.nowMs() + deadlineMs;
      while (store.outbox.ackedSeq < store.outbox.lastSeq && session.open && clock.nowMs() < until)
        await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
}

const heartbeatOf = ({ store, clock, batteries }: LinkOptions): Heartbeat => ({
  v: 1,
  epoch: store.epoch,
  bootId: clock.bootId,
  uptimeMs: Math.round(process.uptime() * 1000),
  outboxRows: store.outbox.count,
  load1: loadavg()[0] ?? 0,
  freeMemoryMiB: Math.round(freemem() / 1024 ** 2),
  running: store.read((tx) => tx.runs().length),
  batteries: batteries(),
});

interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  readonly options: LinkOptions;
  readonly uplink: Uplink;
}

/** One message from the hub. What does not have its shape is logged and dropped: the hub sends its whole truth again anyway. */
function receive({ topic, payload, options, uplink }: Received): void {
  if (payload.length === 0) return;
  const kind = parseTopic(topic)?.kind;
  const parse = <S extends z.ZodType>(schema: S): z.infer<S> | null => {
    const parsed = schema.safeParse(parseJson(payload));
    if (parsed.success) return parsed.data;
    options.logger.warn(
      { topic, reason: describeIssues(parsed.error) },
      "a message from the hub was not understood",
    );
    return null;
  };
  if (kind === "acks") {
    const ack = parse(ackSchema);
    if (ack) uplink.acked(ack);
  } else if (kind === "desired") {
    const desired = parse(desiredSchema);
    if (desired?.hostId === options.hostId) options.onDesired(desired);
  } else if (kind === "commands") {
    const command = parse(commandEnvelopeSchema);
    if (command) options.onCommand(command);
  } else if (kind === "refusals") {
    const refusal = parse(refusalSchema);
    if (!refusal) return;
    options.logger.warn(refusal, "the hub refused something of this host");
    if (parseTopic(refusal.topic)?.kind === "events") uplink.refused(refusal.reason);
  }
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
}
