import { randomUUID } from "node:crypto";
import { type CommandType, commandCatalog } from "@cloudphone/shared/commands/catalog";
import type { CommandEnvelope } from "@cloudphone/shared/commands/envelope";
import type { Desired } from "@cloudphone/shared/device";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import { newestVersion } from "@cloudphone/shared/events/catalog";
import type { Ack, Refusal } from "@cloudphone/shared/link";
import { agentSubscriptions, hostTopic, parseTopic } from "@cloudphone/shared/topics";
import { connect, type MqttClient } from "mqtt";
import { eventually } from "./api.ts";
import type { Cell } from "./cell.ts";

interface Row {
  readonly seq: number;
  readonly event?: unknown;
  readonly lost?: string;
}

interface Credentials {
  readonly hostId: string;
  readonly secret: string;
}

/** A host that the test speaks for, over MQTT with real credentials, so that it may say anything in any order. */
export class HostByHand implements AsyncDisposable {
  readonly hostId: string;
  /** What it signs on with. */
  readonly secret: string;
  epoch: string = randomUUID();
  /** What its store holds; the row of number n is at index n - 1. */
  rows: Row[] = [];
  acked = 0;
  readonly refusals: Refusal[] = [];
  readonly desired = new Map<string, Desired>();
  /** Whether it answers each command at once: a copy is taken, all else fails. */
  answersCommands = false;
  readonly #client: MqttClient;
  readonly #beat: NodeJS.Timeout;

  private constructor({ hostId, secret }: Credentials, client: MqttClient) {
    this.hostId = hostId;
    this.secret = secret;
    this.#client = client;
    client.on("message", (topic, payload) => this.#hear(topic, payload));
    client.on("error", () => undefined);
    client.on("connect", () => {
      client.subscribe(agentSubscriptions(hostId), { qos: 1 }, () => {
        this.#publish("presence", { kind: "hello", agentVersion: "by hand" });
        this.beat();
      });
    });
    this.#beat = setInterval(() => this.beat(), 2000);
  }

  /** `given`: a token for it, if there is one already. */
  static async enroll(
    cell: Pick<Cell, "admin" | "mqttPort">,
    given?: { readonly token: string; readonly name: string },
  ): Promise<HostByHand> {
    const { token, name } = given ?? {
      ...(await cell.admin.mutate<{ token: string }>("hosts.createEnrollment", {})),
      name: "by hand",
    };
    const { hostId, secret } = await cell.admin.mutate<{ hostId: string; secret: string }>(
      "hosts.enroll",
      { token, name },
    );
    const client = connect({
      ...{ host: "127.0.0.1", port: cell.mqttPort, protocolVersion: 4, reconnectPeriod: 200 },
      ...{ clientId: hostId, username: hostId, password: secret },
      resubscribe: false,
    });
    return new HostByHand({ hostId, secret }, client);
  }

  beat(): void {
    const load = { uptimeMs: 1, outboxRows: 0, load1: 0, freeMemoryMiB: 1, running: 0 };
    this.#publish("heartbeat", { bootId: "b", ...load });
  }

  /** Adds an event to its store, as an agent writes it or `over` changes it. */
  note({ type, subject, data }: EventDraft, over: Record<string, unknown> = {}): void {
    const event = {
      ...{ id: randomUUID(), type, version: newestVersion(type), subject, data },
      ...{ occurredAt: new Date().toISOString(), correlationId: randomUUID(), causationId: null },
      ...over,
    };
    this.rows.push({ seq: this.rows.length + 1, event });
  }

  noteLost(lost: string): void {
    this.rows.push({ seq: this.rows.length + 1, lost });
  }

  /** A new store: its numbers begin at 1 again. */
  beginEpoch(): void {
    this.epoch = randomUUID();
    this.rows = [];
    this.acked = 0;
  }

  /** Sends rows as they are, under its epoch or another. */
  send(rows: readonly (Row | undefined)[], epoch = this.epoch): void {
    const known = rows.filter((row) => row !== undefined);
    if (known.length > 0) this.#publish("events", { epoch, rows: known });
  }

  /** Sends what is not acknowledged, in order and again and again, until it is. */
  async deliver(): Promise<void> {
    await eventually(
      async () => {
        if (this.acked === this.rows.length) return true;
        this.send(this.rows.slice(this.acked));
        return null;
      },
      30_000,
      "the hub's ack",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beat);
    await this.#client.endAsync(true);
  }

  #publish(kind: "events" | "presence" | "heartbeat", message: object): void {
    const text = JSON.stringify({ v: 1, epoch: this.epoch, ...message });
    if (this.#client.connected)
      this.#client.publish(hostTopic(this.hostId, kind), text, { qos: 1 }, () => undefined);
  }

  #answer({ type, id: commandId, deviceId, correlationId, data }: CommandEnvelope): void {
    const taken = type === "snapshot.create";
    const outcome = taken
      ? { snapshotId: data.snapshotId, bytes: 1000 }
      : { code: "device_failed", reason: "This host only pretends." };
    const command = commandCatalog[type as CommandType];
    this.note(
      {
        type: taken ? command.completed : command.failed,
        subject: deviceId,
        data: { commandId, deviceId, ...outcome },
      } as EventDraft,
      { correlationId, causationId: commandId },
    );
    this.deliver().catch(() => undefined);
  }

  #hear(topic: string, payload: Buffer): void {
    if (payload.length === 0) return;
    const message = JSON.parse(payload.toString("utf8")) as unknown;
    const kind = parseTopic(topic)?.kind;
    if (kind === "desired") {
      const desired = message as Desired;
      this.desired.set(desired.deviceId, desired);
    }
    if (kind === "commands" && this.answersCommands) this.#answer(message as CommandEnvelope);
    if (kind === "refusals") this.refusals.push(message as Refusal);
    if (kind !== "acks") return;
    const ack = message as Ack;
    if (ack.epoch === this.epoch) this.acked = Math.max(this.acked, ack.seq);
  }
}
