import mqtt from "mqtt";
import type { Logger } from "pino";

/** The one file that knows mqtt.js. Its own queues prove nothing and are kept empty: what must not be lost is in the outbox. */
export interface MqttOptions {
  readonly hostId: string;
  readonly secret: string;
  readonly mqtt: { readonly host: string; readonly port: number; readonly tls: boolean };
  readonly subscriptions: readonly string[];
  readonly will: { readonly topic: string; readonly message: unknown };
  readonly logger: Logger;
  /** The link is up and every subscription granted. */
  onOpen(): void;
  onClose(): void;
  onMessage(topic: string, payload: Buffer): void;
}

export interface MqttSession {
  readonly open: boolean;
  start(): void;
  /** Dropped when the link is down. */
  publish(topic: string, message: unknown, qos: 0 | 1): void;
  stop(): Promise<void>;
}

const backoff = { firstMs: 200, longestMs: 10_000 };

export function openMqtt(options: MqttOptions): MqttSession {
  const { host, port, tls } = options.mqtt;
  const client = mqtt.connect({
    protocol: tls ? "mqtts" : "mqtt",
    host,
    port,
    clientId: options.hostId,
    username: options.hostId,
    password: options.secret,
    protocolVersion: 4,
    clean: true,
    keepalive: 10,
    connectTimeout: 5000,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    manualConnect: true,
    will: {
      topic: options.will.topic,
      payload: Buffer.from(JSON.stringify(options.will.message)),
      qos: 1,
      retain: false,
    },
  });
  let open = false;
  let stopped = false;
  let failures = 0;
  let retry: NodeJS.Timeout | null = null;
  const subscribe = (): void => {
    client.subscribe([...options.subscriptions], { qos: 1 }, (error, granted) => {
      if (error || granted?.some((grant) => grant.qos > 2)) {
        options.logger.warn(
          { err: error },
          "the hub did not grant a subscription; connecting anew",
        );
        client.end(true);
        return;
      }
      open = true;
      failures = 0;
      options.onOpen();
    });
  };
  const reconnectLater = (): void => {
    if (stopped || retry) return;
    const delayMs =
      Math.min(backoff.firstMs * 2 ** failures, backoff.longestMs) * (0.5 + Math.random() / 2);
    failures++;
    retry = setTimeout(() => {
      retry = null;
      client.reconnect();
    }, delayMs);
  };
  client.on("connect", subscribe);
  client.on("message", (topic, payload) => options.onMessage(topic, payload));
  client.on("error", (error) => {
    if (failures % 20 === 1)
      options.logger.warn(
        { reason: error.message, host, port },
        "the hub can't be reached over MQTT; retrying",
      );
  });
  client.on("close", () => {
    if (open) options.logger.warn("the link to the hub is down; events are kept until it is back");
    open = false;
    options.onClose();
    reconnectLater();
  });
  return {
    get open() {
      return open;
    },
    start: () => void client.connect(),
    publish(topic, message, qos) {
      // The callback's error means "may not have arrived"; the outbox sends it again, so there is nothing to do about it.
      if (open) client.publish(topic, JSON.stringify(message), { qos }, () => undefined);
    },
    async stop() {
      stopped = true;
      if (retry) clearTimeout(retry);
      await Promise.race([
        client.endAsync(!open),
        new Promise((resolve) => setTimeout(resolve, 1000).unref()),
      ]);
    },
  };
}
