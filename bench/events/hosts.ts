import { randomUUID } from "node:crypto";
import { systemSource } from "@cloudphone/hub/platform/source";
import type { Ack } from "@cloudphone/shared/link";
import { agentSubscriptions, hostTopic, parseTopic } from "@cloudphone/shared/topics";
import { connect, type MqttClient } from "mqtt";
import { eventually } from "../../e2e/api.ts";
import type { Cell } from "../../e2e/cell.ts";

export interface Pace {
  readonly rows: number;
  /** Rows of one host that are under way at a time. */
  readonly window: number;
}

/** What the events are about: eight phones for each of twenty hosts. */
const phones = Array.from({ length: 160 }, () => systemSource.id());

/** About 300 bytes of an event that no consumer handles, with ids as the platform makes them: what is measured is the way into the log. */
export const benchEvent = (): Record<string, unknown> => ({
  id: systemSource.id(),
  type: "bench.measured",
  version: 1,
  subject: phones[Math.floor(Math.random() * phones.length)],
  occurredAt: new Date().toISOString(),
  correlationId: systemSource.id(),
  causationId: null,
  data: { text: "x".repeat(60) },
});

/** A host that does nothing but send events, as an agent does: in batches, within a window, until the hub has acknowledged them. */
export class BenchHost implements AsyncDisposable {
  readonly #hostId: string;
  readonly #client: MqttClient;
  readonly #epoch = randomUUID();
  #sent = 0;
  #acked = 0;
  #seen = 0;
  #stall: NodeJS.Timeout | null = null;
  #onAck: (() => void) | null = null;
  readonly #posted: { readonly seq: number; readonly done: () => void }[] = [];

  private constructor(hostId: string, client: MqttClient) {
    this.#hostId = hostId;
    this.#client = client;
    client.on("message", (topic, payload) => {
      if (parseTopic(topic)?.kind !== "acks") return;
      const ack = JSON.parse(payload.toString()) as Ack;
      if (ack.epoch !== this.#epoch) return;
      this.#acked = Math.max(this.#acked, ack.seq);
      if (ack.resend && ack.seq < this.#sent) this.#again();
      this.#onAck?.();
    });
  }

  static async enroll(cell: Cell): Promise<BenchHost> {
    const { token } = await cell.admin.mutate<{ token: string }>("hosts.createEnrollment", {});
    const { hostId, secret } = await cell.admin.mutate<{ hostId: string; secret: string }>(
      "hosts.enroll",
      { token, name: "bench" },
    );
    const client = connect({
      ...{ host: "127.0.0.1", port: cell.mqttPort, protocolVersion: 4, reconnectPeriod: 0 },
      ...{ clientId: hostId, username: hostId, password: secret },
    });
    const host = new BenchHost(hostId, client);
    await eventually(async () => (client.connected ? true : null));
    await client.subscribeAsync(agentSubscriptions(hostId), { qos: 1 });
    return host;
  }

  /** Sends so many rows as fast as the window lets it; resolves once all are acknowledged. */
  async flood({ rows, window }: Pace): Promise<void> {
    const last = this.#acked + rows;
    const begun = this.#acked;
    this.#sent = begun;
    await new Promise<void>((resolve) => {
      const pump = (): void => {
        if (this.#acked >= last) return resolve();
        while (this.#sent < last && this.#sent - this.#acked < window) {
          const free = Math.min(window - (this.#sent - this.#acked), last - this.#sent, 200);
          this.#send(free);
        }
      };
      this.#onAck = pump;
      pump();
    });
    this.#onAck = null;
  }

  /** One event now, in a message of its own, whatever else is under way; calls back once it is acknowledged. */
  post(done: () => void): void {
    this.#stall ??= setInterval(() => {
      if (this.#posted.length > 0 && this.#acked === this.#seen) this.#again();
      this.#seen = this.#acked;
    }, 2000);
    this.#onAck ??= () => {
      while ((this.#posted[0]?.seq ?? Number.POSITIVE_INFINITY) <= this.#acked)
        this.#posted.shift()?.done();
    };
    this.#send(1);
    this.#posted.push({ seq: this.#sent, done });
  }

  /** What the hub has dropped, for it had too much to do, is sent once more. */
  #again(): void {
    this.#sent = this.#acked;
    const left = this.#posted.filter(({ seq }) => seq > this.#acked).length;
    for (let rest = left; rest > 0; rest -= 200) this.#send(Math.min(rest, 200));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stall) clearInterval(this.#stall);
    await this.#client.endAsync(true);
  }

  #send(count: number): void {
    const rows = Array.from({ length: count }, (_, at) => ({
      seq: this.#sent + at + 1,
      event: benchEvent(),
    }));
    this.#sent += count;
    const message = JSON.stringify({ v: 1, epoch: this.#epoch, rows });
    this.#client.publish(hostTopic(this.#hostId, "events"), message, { qos: 0 });
  }
}
