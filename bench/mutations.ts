import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createDatabase, type OpenDatabase } from "@cloudphone/hub/platform/postgres/client";
import { Cell } from "../e2e/cell.ts";
import { openLoop } from "./events/open-loop.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";

const rounds = 5;
const wallets = 50;
const pace = { perSecond: 200, seconds: 5 };

/** What a mutation takes at 200 a second: the API's whole way, and a bare node:http handler that runs the same SQL. */
export const mutations: Benchmark = {
  name: "mutations",
  async run() {
    await using cell = await Cell.start({ agent: false, onDisk: true });
    await using stack = new AsyncDisposableStack();
    const socket = path.join(cell.dir, "postgres");
    const database = createDatabase({
      address: { host: socket, port: 5432, user: "cloudphone_core", database: "cloudphone_core" },
    });
    stack.defer(() => database.stop());
    const bare = stack.use(await openBare(database));
    const { userId } = await cell.customer.query<{ userId: string }>("accounts.me");
    const customers = await createCustomers(cell);
    let next = 0;
    const call = (name: string, input: object) =>
      post(`${cell.url}/trpc/${name}`, input, cell.admin.token);
    const topUp = (wallet: string) =>
      call("wallet.topup", {
        ...{ userId: wallet, amountMinor: 1, reason: "bench", idempotencyKey: randomUUID() },
      });
    const kinds: readonly [string, () => Promise<void>][] = [
      ["one row (hosts.createEnrollment)", () => call("hosts.createEnrollment", {})],
      ["bare node:http, the same SQL", () => post(bare.url, {}, null)],
      ["ledger, outbox and key (wallet.topup)", () => topUp(userId)],
      [
        `the same, ${customers.length} wallets in turn`,
        () => topUp(customers[next++ % customers.length] ?? userId),
      ],
    ];
    const waits = kinds.map((): number[][] => []);
    for (let n = 0; n <= rounds; n++)
      for (const [at, [, act]] of kinds.entries()) {
        const measured = await openLoop(pace, (_n, done) => void act().then(done));
        // The first round warms.
        if (n > 0) waits[at]?.push(measured);
      }
    const figures = kinds.flatMap(([what], at): Figure[] =>
      [0.5, 0.99].map((share) => ({
        what: `${what}, p${share * 100}`,
        unit: "ms",
        rounds: (waits[at] ?? []).map((values) => quantile(values, share)),
        limit: share === 0.99 && !what.startsWith("bare") ? { atMost: 20 } : null,
      })),
    );
    return {
      setting: `${pace.perSecond} calls a second, open loop, ${pace.seconds} s a round, over kept-alive connections; hub, embedded PostgreSQL (fsync on) and the caller on the same cores.`,
      figures,
      bound:
        "the processors, and whatever else runs on them at that moment: p50 is the work, p99 the waiting. A top-up takes 4 ms of processor time, hub and PostgreSQL together, its event's way to the consumers included, so 200 a second are most of a core. The ledger's lock, one for all wallets, is held for a round trip and the commit's fsync.",
    };
  },
};

/** Their ids. */
async function createCustomers({ admin }: Cell): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < wallets; n++) {
    const { userId } = await admin.mutate<{ userId: string }>("accounts.create", {
      ...{ email: `bench-${n}@example.com`, password: randomUUID(), role: "customer" },
      idempotencyKey: randomUUID(),
    });
    ids.push(userId);
  }
  return ids;
}

async function post(url: string, input: object, token: string | null): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(30_000),
  });
  if (response.status !== 200) throw new Error(`${url}: ${await response.text()}`);
  await response.arrayBuffer();
}

async function openBare(database: OpenDatabase) {
  const by = randomUUID();
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      const hash = createHash("sha256").update(randomUUID()).digest("hex");
      void database.query`
        insert into enrollment_tokens (hash, name, created_by, expires_at)
        values (${hash}, ${null}, ${by}, clock_timestamp() + interval '1 day') returning expires_at`.then(
        ([row]) => response.setHeader("content-type", "application/json").end(JSON.stringify(row)),
        () => response.writeHead(500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
