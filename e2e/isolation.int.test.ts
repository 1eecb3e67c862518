import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import type { AppRouter } from "@cloudphone/hub/router";
import { allPermissions } from "@cloudphone/hub/platform/auth/permissions";
import { asTenant } from "@cloudphone/hub/platform/postgres/tenant";
import { relayPath, relayProtocol } from "@cloudphone/shared/relay";
import { createTRPCClient, createWSClient, type TRPCClient, wsLink } from "@trpc/client";
import type { AnyProcedure } from "@trpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { z } from "zod";
import { type Api, ApiError, eventually } from "./api.ts";
import { inputsFor, spoiltInputs, type Things } from "./api-inputs.ts";
import { HostByHand } from "./host-by-hand.ts";
import { type HubHere, startHubHere } from "./hub-here.ts";
import { connectHost, createTenant, gone, rowsAtRest, type Tenant } from "./tenant.ts";

let here: HubHere;
let host: HostByHand;
let ann: Tenant;
let ben: Tenant;

beforeAll(async () => {
  here = await startHubHere();
  host = await connectHost(here);
  ann = await createTenant(here, host, "ann");
  ben = await createTenant(here, host, "ben");
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await here[Symbol.asyncDispose]();
});

/** What may be asked without signing in, each for its own reason: to sign in, to become a host, to see what is for sale, and to look by a link. */
const open = [
  "accounts.login",
  "accounts.logout",
  "accounts.refresh",
  "hosts.enroll",
  "plans.list",
  "shares.open",
];

/** What is a person's own, whatever their role. */
const personal = /^(accounts\.(me|changePassword)|apiKeys\.\w+|signIns\.\w+|quotas\.show)$/;

interface Procedure {
  readonly path: string;
  /** What it asks of its caller, as it says itself. */
  readonly permission: string;
  readonly type: "query" | "mutation" | "subscription";
  readonly input: z.ZodType | undefined;
}

/** Every procedure there is, as the hub serves it: a new one is here by itself. */
function procedures(): Procedure[] {
  const all = here.hub.router._def.procedures as unknown as Record<string, AnyProcedure>;
  return Object.entries(all).map(([path, procedure]) => {
    const { type, inputs, meta } = procedure._def as unknown as {
      type: Procedure["type"];
      inputs: z.ZodType[];
      meta?: { permission: string };
    };
    return { path, type, input: inputs.at(-1), permission: meta?.permission ?? "none" };
  });
}

const marksIn = (text: string, of: Tenant): string[] =>
  of.marks.filter((mark) => text.includes(mark));

/** Ann's things, and of what a procedure may name together with them, Ben's own. */
const mixed = (): Things => ({
  ...ann.things,
  device: [...(ann.things.device ?? []), ben.device.name],
  devices: [ann.device.deviceId, ann.device.name],
  email: [ann.email],
});

test("another customer calls every procedure with a customer's ids, learns nothing and changes nothing", async () => {
  const before = await rowsAtRest(here, ann.marks);
  const calls = procedures().filter(({ type }) => type !== "subscription");
  expect(calls.length).toBeGreaterThan(70);
  const unasked: string[] = [];
  let asked = 0;
  for (const { path, type, input } of calls) {
    const inputs = inputsFor(input, mixed());
    if (inputs.length === 0) unasked.push(path);
    asked += inputs.length;
    const kind = type === "query" ? "query" : "mutation";
    const told = await Promise.all(inputs.map((each) => answerTo(kind, path, each)));
    for (const { what, answer, fault } of told) {
      expect(marksIn(answer, ann), `${what} told: ${answer}`).toEqual([]);
      expect(fault, `${what}: ${answer}`).not.toBe("internal");
    }
  }
  expect(unasked, "no input could be made for these: teach e2e/api-inputs.ts their form").toEqual(
    [],
  );
  expect(asked).toBeGreaterThan(calls.length);
  const after = await rowsAtRest(here, ann.marks);
  expect(gone(before, after), "rows of hers that were changed or taken away").toEqual([]);
  const added = gone(after, before).filter((row) => marksIn(row, ben).length > 0);
  expect(added, "rows that bring the two together").toEqual([]);
});

/** What Ben is told, without what he named himself. */
async function answerTo(kind: "query" | "mutation", path: string, input: unknown) {
  const asked = JSON.stringify(input) ?? "";
  const what = `${path} ${asked}`;
  try {
    const answer = JSON.stringify(await ben.api.call(kind, path, input)) ?? "";
    return { what, answer, fault: null };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { message, fault } = error;
    const named = marksIn(asked, ann);
    const answer = named.reduce((text, mark) => text.replaceAll(mark, ""), message);
    return { what, answer, fault };
  }
}

test("every procedure names the permission it needs, but for what comes before sign-in and what is a person's own", () => {
  for (const { path, permission } of procedures()) {
    const own = personal.test(path) ? ["signed in"] : allPermissions;
    const allowed: readonly string[] = open.includes(path) ? ["anyone"] : own;
    expect(allowed, path).toContain(permission);
  }
});

test("who has not signed in is refused by every procedure but those that come before it", async () => {
  for (const { path, type } of procedures()) {
    if (type === "subscription" || open.includes(path)) continue;
    const response = await fetch(`${here.url}/trpc/${path}`, {
      method: type === "query" ? "GET" : "POST",
      headers: { "content-type": "application/json" },
      ...(type === "query" ? {} : { body: "{}" }),
    });
    expect(response.status, path).toBe(401);
  }
});

test("a key that a customer's request was sent with gives another customer nothing of the answer", async () => {
  expect(await ann.api.mutate("apps.install", ann.installed.input)).toEqual(ann.installed.answer);
  await expect(ben.api.mutate("apps.install", ann.installed.input)).rejects.toMatchObject({
    fault: "not_found",
  });
});

/** A client that subscribes, as the web page and the command line do. */
function subscriber(token: string): { client: TRPCClient<AppRouter>; close: () => Promise<void> } {
  const socket = createWSClient({
    url: `${here.url.replace("http", "ws")}/trpc`,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    connectionParams: () => ({ token }),
  });
  return {
    client: createTRPCClient({ links: [wsLink({ client: socket })] }),
    close: () => socket.close(),
  };
}

const listApps = async (tenant: Tenant): Promise<string> => {
  const asked = { device: tenant.device.deviceId, system: false, idempotencyKey: randomUUID() };
  return (await tenant.api.mutate<{ commandId: string }>("apps.onDevice", asked)).commandId;
};

test("another customer's subscriptions tell nothing of a customer, from whatever place and with whatever filter", async () => {
  const { client, close } = subscriber(ben.api.token ?? "");
  const told: string[] = [];
  const untyped = client as unknown as Record<
    string,
    Record<string, { subscribe: (input: unknown, on: object) => { unsubscribe: () => void } }>
  >;
  const opened = procedures()
    .filter(({ type }) => type === "subscription")
    .flatMap(({ path, input }) => inputsFor(input, mixed()).map((each) => ({ path, each })));
  expect(opened.length).toBeGreaterThan(1);
  const hear = (message: unknown): void => void told.push(JSON.stringify(message) ?? "");
  for (const { path, each } of [...opened, { path: "events.live", each: { after: 0 } }]) {
    const [area = "", name = ""] = path.split(".");
    untyped[area]?.[name]?.subscribe(each, { onData: hear, onError: hear });
  }
  // He may have switched it off above.
  await ben.api.mutate("devices.start", { device: ben.device.deviceId });
  const hers = await listApps(ann);
  const his = await listApps(ben);
  await eventually(async () => (told.some((text) => text.includes(his)) ? true : null));
  for (const text of told) expect(marksIn(text, ann)).toEqual([]);
  expect(told.join("\n")).not.toContain(hers);
  await close();
});

test("an address that only its signature opens is not guessed, nor opened by another's", async () => {
  const [sha256 = ""] = (ann.things.app ?? []).filter((app) => app.length === 64);
  const commandId = ann.things.commandId?.[0] ?? "";
  const bearer = { authorization: `Bearer ${ben.api.token}` };
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const exp = Date.now() + 60_000;
  const forged = (path: string, key: string): string =>
    createHmac("sha256", key).update(`${path}\n${exp}`).digest("base64url");
  for (const path of [`/blobs/${sha256}`, `/screenshots/${commandId}`]) {
    const guesses = ["", `?exp=${exp}`, `?exp=${exp}&sig=`, `?exp=${exp}&sig=${"A".repeat(43)}`];
    const own = [ben.api.token ?? "", "secret", ""].map(
      (key) => `?exp=${exp}&sig=${forged(path, key)}`,
    );
    for (const query of [...guesses, ...own])
      for (const method of path.startsWith("/blobs") ? ["GET"] : ["GET", "PUT"]) {
        const init = { method, headers: bearer, ...(method === "PUT" ? { body: png } : {}) };
        const response = await fetch(`${here.url}${path}${query}`, init);
        expect([403, 404], `${method} ${path}${query}`).toContain(response.status);
      }
  }
});

test("a customer's session is opened by nothing that another customer has", async () => {
  const other = await HostByHand.enroll(here);
  const offers = [
    ben.api.token ?? "",
    ann.things.sessionId?.[0] ?? "",
    `${ben.ticket.split(".").slice(0, 2).join(".")}.${ann.ticket.split(".")[2]}`,
    `${ann.ticket.split(".").slice(0, 2).join(".")}.${ben.ticket.split(".")[2]}`,
    other.secret,
  ];
  for (const offer of offers) {
    const socket = new WebSocket(`${here.url.replace("http", "ws")}${relayPath}`, [
      relayProtocol,
      offer,
    ]);
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message, offer).toContain("403");
  }
  await other[Symbol.asyncDispose]();
});

/** The tables that say whose their rows are, and those few that say it by another row. */
const walled = async (name: "core" | "billing" | "analytics"): Promise<string[]> => {
  const rows = await here.databases[name].query<{ table: string; forced: boolean }>`
    select c.relname as table, c.relrowsecurity and c.relforcerowsecurity as forced from pg_class c
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
      and (c.relname in ('users', 'devices', 'webhook_deliveries') or exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped))`;
  for (const { table, forced } of rows)
    expect(forced, `${name}.${table} is behind the wall`).toBe(true);
  return rows.map(({ table }) => table);
};

test("a query that forgot to say whose rows it wants gets none of another customer's, and changes none", async () => {
  const userId = ben.things.userId?.[0] ?? "";
  const hers = ann.things.userId?.[0] ?? "";
  let own = 0;
  for (const name of ["core", "billing", "analytics"] as const) {
    const { query } = here.databases[name];
    const careless = (text: string) =>
      asTenant(userId, () => query<{ row: object }>(Object.assign([text], { raw: [text] })));
    for (const table of await walled(name)) {
      const rows = await careless(`select to_jsonb(t) as row from "${table}" t`);
      const told = rows.map(({ row }) => JSON.stringify(row)).join("\n");
      expect(marksIn(told, ann), `${name}.${table}`).toEqual([]);
      own += marksIn(told, ben).length;
    }
  }
  expect(own, "his own he gets").toBeGreaterThan(10);
  const { core } = here.databases;
  const devices = await asTenant(
    userId,
    () => core.query`update devices set power = 'stopped' returning id`,
  );
  expect(devices.map(({ id }) => id)).toEqual([ben.device.deviceId]);
  await expect(
    asTenant(
      userId,
      () => core.query`insert into quotas (user_id, changed_by) values (${hers}, ${userId})`,
    ),
  ).rejects.toThrow("row-level security");
});

// Last: Ben has odd settings afterwards.
test("whatever stands in a field, nobody is told that something went wrong inside the hub", async () => {
  let asked = 0;
  for (const { path, type, input } of procedures()) {
    if (type === "subscription") continue;
    // A query as who may ask everything; what changes something as who may change little.
    const api = type === "query" ? here.admin : ben.api;
    const [base] = inputsFor(input, mixed());
    const inputs = base === undefined ? [] : [...spoiltInputs(base)];
    asked += inputs.length;
    const faults = await Promise.all(inputs.map((each) => faultOf(api, { path, type }, each)));
    for (const [at, fault] of faults.entries())
      expect(fault, `${path} ${JSON.stringify(inputs[at])}`).not.toBe("internal");
  }
  expect(asked).toBeGreaterThan(500);
});

async function faultOf(api: Api, { path, type }: Pick<Procedure, "path" | "type">, input: unknown) {
  try {
    await api.call(type === "query" ? "query" : "mutation", path, input);
    return null;
  } catch (error) {
    if (error instanceof ApiError) return error.fault;
    throw error;
  }
}
