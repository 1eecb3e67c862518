import { partitionOf } from "@cloudphone/shared/partitions";
import { maxPacketBytes } from "@cloudphone/shared/link";
import { hubTopic, parseTopic, partitionSubscription } from "@cloudphone/shared/topics";
import mqtt, { type MqttClient } from "mqtt";
import type { Logger } from "pino";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { ListenerRights, PublishOptions } from "../context.ts";
import { withDeadline } from "../postgres/connection.ts";
import type { MqttAddress, MqttServer } from "./address.ts";
import { BrokerAway } from "./away.ts";
import { type Broker, isUp, type UpKind } from "./broker.ts";
import { connected, DynamicSecurity } from "./dynamic-security.ts";

export interface ExternalBrokerOptions {
  readonly server: MqttServer;
  /** Where agents find it. */
  readonly forAgents: MqttAddress;
  /** Names this hub to the broker: unlike that of any other hub. */
  readonly hubId: Id;
  /** Who tells the broker which host may do what: this hub, or (`broker`) the broker's own configuration. */
  readonly access: "dynamic-security" | "broker";
  readonly logger: Logger;
  /** Must not throw or block. */
  onHostMessage(hostId: string, kind: UpKind, payload: Buffer): void;
  /** Another hub's `tellHubs`. */
  onHubMessage(payload: Buffer): void;
}

const connectMs = 5000;
const answerMs = 5000;
const reconnectMs = 500;
/** Messages that the broker has not confirmed yet: far below the 65,535 that MQTT can number (section 2.3.1). */
const maxInFlight = 10_000;

/**
 * A broker that others run, which any number of hubs share. It keeps hosts to their own topics (dynamic-security.ts has Mosquitto do so); this
 * hub hears the hosts of the partitions that are its own. What the broker confirms is no promise here either: only our own ack is.
 */
export async function joinBroker(options: ExternalBrokerOptions): Promise<Broker> {
  const broker = new ExternalBroker(options);
  await broker.begin();
  return broker;
}

function openClient({ server, hubId }: ExternalBrokerOptions): MqttClient {
  return mqtt.connect({
    protocol: server.tls ? "mqtts" : "mqtt",
    host: server.host,
    port: server.port,
    clientId: `cloudphone-hub-${hubId}`,
    protocolVersion: 4,
    clean: true,
    keepalive: 10,
    connectTimeout: connectMs,
    reconnectPeriod: reconnectMs,
    resubscribe: false,
    queueQoSZero: false,
    ...(server.user === null ? {} : { username: server.user, password: server.password ?? "" }),
  });
}

class ExternalBroker implements Broker {
  readonly #options: ExternalBrokerOptions;
  readonly #client: MqttClient;
  readonly #access: DynamicSecurity;
  #heard: readonly number[] = [];
  #inFlight = 0;
  /** Whether the loss of the connection was told, or is nothing to tell. */
  #told = false;
  #quiet = false;

  constructor(options: ExternalBrokerOptions) {
    this.#options = options;
    this.#client = openClient(options);
    this.#access = new DynamicSecurity(this.#client, options.server.user);
  }

  async begin(): Promise<void> {
    this.#client.on("connect", () => this.#opened());
    this.#client.on("error", (error) => this.#lost(error.message));
    this.#client.on("close", () => this.#lost("the connection was closed"));
    this.#client.on("message", (topic, payload) => this.#hear(topic, payload));
    // A broker that is not there yet is waited for, as databases are.
    await connected(this.#client);
    if (this.#options.access === "broker") return;
    // Mosquitto may close the connection over it (dynamic-security.ts): nothing to tell anybody.
    this.#quiet = true;
    await this.#access.begin();
    this.#quiet = false;
  }

  get port(): number {
    return this.#options.forAgents.port;
  }

  get address(): MqttAddress {
    const { host, port, tls } = this.#options.forAgents;
    return { host, port, tls };
  }

  get fansOut(): boolean {
    return true;
  }

  get listening(): boolean {
    return this.#client.connected;
  }

  async listenTo(partitions: readonly number[]): Promise<void> {
    const filters = (some: readonly number[], unless: readonly number[]): string[] =>
      some.filter((one) => !unless.includes(one)).map(partitionSubscription);
    const added = filters(partitions, this.#heard);
    const gone = filters(this.#heard, partitions);
    this.#heard = [...partitions];
    // Not connected: what is heard then is subscribed to as soon as it is.
    if (!this.#client.connected) return;
    const asked = [
      ...(gone.length > 0 ? [this.#client.unsubscribeAsync(gone)] : []),
      ...(added.length > 0 ? [this.#client.subscribeAsync(added, { qos: 1 })] : []),
    ];
    await withDeadline(Promise.all(asked), answerMs, "the broker granted no subscription in time");
  }

  async publish(
    topic: string,
    message: unknown,
    { retain, qos = 1 }: PublishOptions,
  ): Promise<void> {
    if (!this.#client.connected || this.#inFlight >= maxInFlight) throw new BrokerAway();
    this.#inFlight++;
    const payload = message === null ? "" : JSON.stringify(message);
    const sent = this.#client.publishAsync(topic, payload, { qos, retain }).finally(() => {
      this.#inFlight--;
    });
    try {
      await withDeadline(sent, answerMs, "the broker did not take a message in time");
    } catch (cause) {
      throw new BrokerAway({ cause });
    }
  }

  tellHubs(message: unknown): void {
    const text = JSON.stringify(message);
    if (this.#client.connected && Buffer.byteLength(text) < maxPacketBytes / 2)
      this.#client.publish(hubTopic(this.#options.hubId), text, { qos: 0 }, () => {});
  }

  async admitHost(hostId: Id, secret: string): Promise<void> {
    if (this.#options.access !== "broker") await this.#access.admit(hostId, secret);
  }

  async expelHost(hostId: Id): Promise<void> {
    if (this.#options.access !== "broker") await this.#access.expel(hostId);
  }

  async admitListener(listener: ListenerRights, secret: string): Promise<void> {
    if (this.#options.access === "broker")
      throw new Fault(
        "conflict",
        "Who may connect to this broker is said in its own configuration (CLOUDPHONE_MQTT_ACCESS is `broker`): give the listener a user and its topics there.",
      );
    await this.#access.admitListener(listener, secret);
  }

  async expelListener(id: Id): Promise<void> {
    if (this.#options.access !== "broker") await this.#access.expelListener(id);
  }

  async stop(): Promise<void> {
    this.#quiet = true;
    await withDeadline(this.#client.endAsync(), 2000, "the broker did not say goodbye").catch(() =>
      this.#client.end(true),
    );
  }

  #opened(): void {
    if (this.#told) this.#options.logger.info("the MQTT broker is back");
    this.#told = false;
    this.#client.subscribe(hubTopic("+"), { qos: 0 }, () => {});
    if (this.#heard.length > 0)
      this.#client.subscribe(this.#heard.map(partitionSubscription), { qos: 1 }, () => {});
  }

  #lost(reason: string): void {
    if (this.#told || this.#quiet) return;
    this.#told = true;
    const { host, port } = this.#options.server;
    this.#options.logger.error(
      { host, port, reason },
      "the MQTT broker can't be reached; retrying",
    );
  }

  #hear(topic: string, payload: Buffer): void {
    const parsed = parseTopic(topic);
    if (parsed?.kind === "hub") {
      if (parsed.hubId !== this.#options.hubId) this.#options.onHubMessage(payload);
    } else if (!parsed || !("hostId" in parsed) || !isUp(parsed.kind))
      this.#access.hear(topic, payload);
    // One that was under way when its partition was handed over is its new hub's.
    else if (this.#heard.includes(partitionOf(parsed.hostId)))
      this.#options.onHostMessage(parsed.hostId, parsed.kind, payload);
  }
}
