import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ChannelModel, connect, type ConfirmChannel } from "amqplib";
import { eventually } from "../../e2e/api.ts";
import { freePort } from "@cloudphone/testing/engines";
import { quantile } from "../report.ts";
import { openLoop } from "./open-loop.ts";
import { benchEvent } from "./hosts.ts";

const program = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const prefetch = 1000;
const ackEvery = 50;

export type QueueKind = "classic" | "quorum";

export interface QueueFigures {
  /** Published, confirmed, consumed and acknowledged. */
  readonly perSecond: number;
  /** From publish to confirm. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface RabbitLoad {
  readonly messages: number;
  readonly inFlight: number;
  readonly perSecond: number;
  readonly seconds: number;
}

/** Debian's RabbitMQ in a folder of its own, without its plugins; null where it is not installed. */
export async function startRabbit() {
  if (!existsSync(program)) return null;
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-rabbit-"));
  const [port, distPort, mapperPort] = [await freePort(), await freePort(), await freePort()];
  const file = path.join(dir, "rabbitmq.conf");
  await writeFile(file, `listeners.tcp.default = 127.0.0.1:${port}\nlog.console.level = error\n`);
  const child = spawn(program, [], {
    // A group of its own: the server and the port mapper it starts end together.
    detached: true,
    stdio: "ignore",
    env: {
      ...process.env,
      HOME: dir,
      RABBITMQ_NODENAME: "bench@localhost",
      RABBITMQ_MNESIA_BASE: path.join(dir, "mnesia"),
      RABBITMQ_LOG_BASE: path.join(dir, "log"),
      RABBITMQ_DIST_PORT: String(distPort),
      ERL_EPMD_PORT: String(mapperPort),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_CONFIG_FILE: file,
      RABBITMQ_ENABLED_PLUGINS_FILE: path.join(dir, "plugins"),
    },
  });
  const client = await eventually(() => connect(`amqp://127.0.0.1:${port}`), 60_000, "RabbitMQ");
  client.on("error", () => undefined);
  return {
    measure: (kind: QueueKind, load: RabbitLoad) => measure(client, kind, load),
    async [Symbol.asyncDispose]() {
      await client.close().catch(() => undefined);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.pid) process.kill(-child.pid, "SIGTERM");
      await ended;
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** On a queue, and an exchange, of its own, which are gone afterwards. */
async function measure(
  client: ChannelModel,
  kind: QueueKind,
  load: RabbitLoad,
): Promise<QueueFigures> {
  const name = `bench-${kind}`;
  const [out, into] = [await client.createConfirmChannel(), await client.createChannel()];
  await out.assertExchange(name, "direct", { durable: true });
  await out.assertQueue(name, { durable: true, arguments: { "x-queue-type": kind } });
  await out.bindQueue(name, name, "e");
  await into.prefetch(prefetch);
  let consumed = 0;
  let onConsumed = (): void => undefined;
  await into.consume(name, (message) => {
    if (message && ++consumed % ackEvery === 0) into.ack(message, true);
    onConsumed();
  });
  const publish = (): Promise<void> => publishOne(out, name);
  const begunMs = performance.now();
  await new Promise<void>((resolve) => {
    const from = consumed;
    const state = { published: 0, confirmed: 0 };
    const pump = (): void => {
      const done = Math.min(state.confirmed, consumed - from);
      if (done >= load.messages) return resolve();
      while (state.published < load.messages && state.published - done < load.inFlight) {
        state.published++;
        void publish().then(() => {
          state.confirmed++;
          pump();
        });
      }
    };
    onConsumed = pump;
    pump();
  });
  const perSecond = (load.messages * 1000) / (performance.now() - begunMs);
  onConsumed = () => undefined;
  const waits = await openLoop(load, (_n, done) => void publish().then(done));
  await into.close();
  await out.deleteQueue(name);
  await out.deleteExchange(name);
  await out.close();
  return { perSecond, p50Ms: quantile(waits, 0.5), p99Ms: quantile(waits, 0.99) };
}

const publishOne = (channel: ConfirmChannel, exchange: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const body = Buffer.from(JSON.stringify(benchEvent()));
    channel.publish(exchange, "e", body, { persistent: true }, (error: unknown) =>
      error ? reject(new Error("not confirmed", { cause: error })) : resolve(),
    );
  });
