import { createServer, type Socket } from "node:net";
import { maxPacketBytes, type Refusal } from "@cloudphone/shared/link";
import {
  agentSubscriptions,
  hostTopic,
  hostTopicKinds,
  parseTopic,
} from "@cloudphone/shared/topics";
import { Aedes, type Client, type PublishPacket } from "aedes";
import type { Logger } from "pino";
import type { BrokerAccess, HostBus, PublishOptions } from "../context.ts";
import { listen } from "../listen.ts";
import { withDeadline } from "../postgres/connection.ts";
import { retryLevel } from "../postgres/reachability.ts";
import type { MqttAddress } from "./address.ts";
import { listenerOf, maySubscribe } from "./listeners.ts";
import { Listening } from "./listening.ts";
import { GuardedSocket } from "./packet-guard.ts";

export type UpKind = "events" | "heartbeat" | "presence";

export interface BrokerOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly logger: Logger;
  /** True when the secret is the host's. Asked at each connect; has a deadline of its own here. */
  verifyHost(hostId: string, secret: string): Promise<boolean>;
  /** Which event types a listener may hear; null: the secret is not its own. Left out: there are none. Without a secret: whether it still may. */
  rightsOfListener?(id: string, secret: string | null): Promise<readonly string[] | null>;
  /** A message of a host that passed the topic rules; called before PUBACK, must not throw or block. */
  onHostMessage(hostId: string, kind: UpKind, payload: Buffer): void;
  /** A publish that was refused, for quarantine. */
  onRefused(hostId: string, topic: string, payload: Buffer): void;
  /** For tests: smaller than what holds otherwise. */
  readonly limits?: Partial<Limits>;
}

export interface Broker extends HostBus, BrokerAccess {
  readonly port: number;
  /** What agents are told when they enrol. */
  readonly address: MqttAddress;
  /** Whether it takes connections at this moment. */
  readonly listening: boolean;
  /** Hears the hosts of these partitions, and no others. */
  listenTo(partitions: readonly number[]): Promise<void>;
  /** Whether anybody may be listening to the events that are told there; false is certain. */
  readonly fansOut: boolean;
  /** Tells the other hubs on this broker; may be lost. */
  tellHubs(message: unknown): void;
  stop(): Promise<void>;
}

interface Limits {
  /** For the first packet. */
  readonly connectTimeoutMs: number;
  /** For a client that does not read: everyone else waits behind it until it is closed. */
  readonly drainTimeoutMs: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** For which a listener's rights are taken as known. */
  readonly rightsKnownMs: number;
}

const usual: Limits = {
  connectTimeoutMs: 5000,
  drainTimeoutMs: 5000,
  connections: 12_000,
  connectionsPerAddress: 1000,
  rightsKnownMs: 5000,
};
const verifyMs = 5000;
const publishMs = 5000;

/**
 * The embedded MQTT broker: agents sign in with their host's id and secret, publish on their own `up` topics and hear their own `down`
 * topics, nothing else. PUBACK is no promise here; only our own ack, sent after the database's commit, is.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const limits = { ...usual, ...options.limits };
  const aedes = new OneWayBroker({
    id: "cloudphone-hub",
    concurrency: limits.connections,
    connectTimeout: limits.connectTimeoutMs,
    drainTimeout: limits.drainTimeoutMs,
    heartbeatInterval: 60_000,
  });
  await aedes.listen();
  applyRules(aedes, options);
  const listeners = listenersOf(aedes);
  const server = createServer(admission(aedes, limits, options.logger));
  const { host } = options;
  const port = await listen(server, {
    host,
    port: options.port,
    what: "MQTT",
    flag: "--mqtt-port",
  });
  return {
    port,
    address: { host: null, port, tls: false },
    get listening() {
      return server.listening;
    },
    // Every host that this broker knows is this hub's, and each connect is checked against the database.
    listenTo: async () => {},
    tellHubs: () => undefined,
    get fansOut() {
      return listeners.size > 0;
    },
    ...asksAtConnect,
    publish: (topic, message, how) => publish(aedes, topic, { message, ...how }),
    async stop() {
      server.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
}

type Done = (error?: Error) => void;

/**
 * The hub takes what clients say in `authorizePublish`, and nobody subscribes to it: looking for who might was a sixth of what a message by itself cost.
 * What the hub says, and the broker of itself, goes out.
 */
class OneWayBroker extends Aedes {
  override publish(packet: PublishPacket, from: Client | Done | null, done?: Done): void {
    if (from === null || typeof from === "function")
      super.publish(packet, from ?? done ?? (() => undefined));
    else done?.();
  }
}

/** Clients that subscribed to more than a host's own topics. */
function listenersOf(aedes: Aedes): ReadonlySet<Client> {
  const listeners = new Set<Client>();
  aedes.on("subscribe", (subscriptions, client) => {
    const own = client ? agentSubscriptions(client.id) : [];
    if (client && subscriptions.some(({ topic }) => !own.includes(topic))) listeners.add(client);
  });
  aedes.on("clientDisconnect", (client) => listeners.delete(client));
  return listeners;
}

/** Of a broker that asks the hub at each connect: there is no register to keep. */
export const asksAtConnect: BrokerAccess = {
  admitHost: async () => {},
  expelHost: async () => {},
  admitListener: async () => {},
  expelListener: async () => {},
};

/** Counts connections and puts the length guard before the broker. */
function admission(aedes: Aedes, limits: Limits, logger: Logger): (socket: Socket) => void {
  const perAddress = new Map<string, number>();
  let total = 0;
  return (socket) => {
    socket.on("error", () => undefined);
    const address = socket.remoteAddress ?? "unknown";
    const count = perAddress.get(address) ?? 0;
    if (total >= limits.connections || count >= limits.connectionsPerAddress) {
      logger.warn({ address, total }, "an MQTT connection was turned away: too many are open");
      socket.destroy();
      return;
    }
    total++;
    perAddress.set(address, count + 1);
    socket.once("close", () => {
      total--;
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    });
    socket.setNoDelay(true);
    const guarded = new GuardedSocket(socket, maxPacketBytes);
    guarded.on("error", (error) =>
      logger.warn({ address, reason: error.message }, "an MQTT connection was closed"),
    );
    aedes.handle(guarded);
  };
}

function applyRules(aedes: Aedes, options: BrokerOptions): void {
  const listening = new WeakMap<Client, Listening>();
  aedes.authenticate = (client, username, password, done) => {
    const hostId = username ?? "";
    const refuse = (): void =>
      done(Object.assign(new Error("refused"), { returnCode: 5 }) as never, false);
    const listener = listenerOf(hostId, client.id);
    const secret = password?.toString() ?? "";
    if (listener !== null)
      return signListenerIn({ id: listener, client, options, listening }, secret, { refuse, done });
    // The client id is the credential, so a host can only ever take over its own connection.
    if (client.id !== hostId || hostId === "") return refuse();
    withDeadline(
      options.verifyHost(hostId, secret),
      verifyMs,
      "the host's secret could not be checked in time",
    ).then(
      (known) => (known ? done(null, true) : refuse()),
      (error: unknown) => {
        options.logger[retryLevel(error)]({ err: error, hostId }, "a host could not be signed in");
        done(Object.assign(new Error("unavailable"), { returnCode: 3 }) as never, false);
      },
    );
  };
  aedes.authorizePublish = (client, packet, done) => {
    if (!client) return done(null);
    const topic = parseTopic(packet.topic);
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    if (listening.has(client)) client.close();
    else if (topic && "hostId" in topic && topic.hostId === client.id && isUp(topic.kind))
      options.onHostMessage(client.id, topic.kind, payload);
    else refusePublish(aedes, options, { client, topic: packet.topic, payload });
    done(null);
  };
  aedes.authorizeSubscribe = (client, subscription, done) => {
    const listener = client && listening.get(client);
    const allowed = listener
      ? maySubscribe(listener.types, subscription.topic)
      : client !== null && agentSubscriptions(client.id).includes(subscription.topic);
    done(null, allowed ? subscription : null);
  };
  aedes.authorizeForward = (client, packet) => {
    const topic = parseTopic(packet.topic);
    const listener = listening.get(client);
    if (listener)
      return topic?.kind === "event" && listener.mayHear(topic.type) ? packet : undefined;
    return topic && "hostId" in topic && topic.hostId === client.id ? packet : undefined;
  };
  aedes.on("clientError", (client: Client, error: Error) => {
    options.logger.debug({ hostId: client.id, reason: error.message }, "an MQTT client failed");
  });
  aedes.on("connectionError", (_client: Client, error: Error) => {
    options.logger.debug({ reason: error.message }, "an MQTT connection failed");
  });
}

interface ListenerSignIn {
  readonly id: string;
  readonly client: Client;
  readonly options: BrokerOptions;
  readonly listening: WeakMap<Client, Listening>;
}

function signListenerIn(
  { id, client, options, listening }: ListenerSignIn,
  secret: string,
  { refuse, done }: { refuse: () => void; done: (error: null, signedIn: boolean) => void },
): void {
  const { rightsOfListener: rightsOf, logger } = options;
  if (!rightsOf) return refuse();
  const knownMs = options.limits?.rightsKnownMs ?? usual.rightsKnownMs;
  const late = "the listener's secret could not be checked in time";
  withDeadline(rightsOf(id, secret), verifyMs, late).then(
    (types) => {
      if (types === null) return refuse();
      const ask = () => rightsOf(id, null);
      listening.set(client, new Listening(types, { ask, close: () => client.close(), knownMs }));
      done(null, true);
    },
    (error: unknown) => {
      logger[retryLevel(error)]({ err: error, id }, "a listener could not be signed in");
      done(Object.assign(new Error("unavailable"), { returnCode: 3 }) as never, false);
    },
  );
}

export const isUp = (kind: string): kind is UpKind =>
  kind in hostTopicKinds && hostTopicKinds[kind as keyof typeof hostTopicKinds] === "up";

/** A refused publish must not close the connection: the client would send it again for ever and nothing behind it. */
function refusePublish(
  aedes: Aedes,
  options: BrokerOptions,
  refused: { client: Client; topic: string; payload: Buffer },
): void {
  const { client, topic, payload } = refused;
  options.logger.warn(
    { hostId: client.id, topic },
    "a publish was refused: not a topic of this host",
  );
  options.onRefused(client.id, topic, payload);
  const message: Refusal = { v: 1, topic, reason: "This host may not publish on that topic." };
  publish(aedes, hostTopic(client.id, "refusals"), { message, retain: false }).catch(
    () => undefined,
  );
}

function publish(
  aedes: Aedes,
  topic: string,
  { message, retain, qos = 1 }: { message: unknown } & PublishOptions,
): Promise<void> {
  const payload = message === null ? "" : JSON.stringify(message);
  const sent = new Promise<void>((resolve, reject) => {
    aedes.publish({ cmd: "publish", topic, payload, qos, retain, dup: false }, (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return withDeadline(sent, publishMs, "the broker did not take a message in time");
}
