import { randomUUID } from "node:crypto";
import type { LeaseRef } from "@cloudphone/shared/device";
import { smallApk } from "@cloudphone/testing/apk";
import { Api, eventually } from "./api.ts";
import type { Things } from "./api-inputs.ts";
import { HostByHand } from "./host-by-hand.ts";
import type { HubHere } from "./hub-here.ts";

/** A customer with one of everything that a customer can have. */
export interface Tenant {
  readonly api: Api;
  readonly email: string;
  readonly password: string;
  readonly device: { readonly deviceId: string; readonly name: string };
  /** By the names that the API's inputs give them. */
  readonly things: Things;
  /** What the others must never see: each names something of this customer, or the customer. */
  readonly marks: readonly string[];
  /** What a request of theirs was sent with, and its answer. */
  readonly installed: { readonly input: object; readonly answer: unknown };
  /** What their session opens with. */
  readonly ticket: string;
}

/** A host with room for some phones that can be copied. */
export async function connectHost(here: HubHere): Promise<HostByHand> {
  const host = await HostByHand.enroll(here);
  host.answersCommands = true;
  const { hostId, epoch } = host;
  const labels = { snapshots: "true" };
  const provider = { kind: "simulated", available: true, reason: null, capacity: 8, labels };
  const data = { hostId, epoch, bootId: "b", agentVersion: "by hand", providers: [provider] };
  host.note({ type: "host.started", subject: hostId, data });
  await host.deliver();
  await eventually(async () => {
    const hosts =
      await here.admin.query<{ hostId: string; state: string; providers: unknown[] }[]>(
        "hosts.list",
      );
    const found = hosts.find((one) => one.hostId === hostId);
    return found?.state === "connected" && found.providers.length > 0 ? true : null;
  });
  return host;
}

/** What is written down when somebody tries. */
const changing = ["failed_logins", "locked_until", "last_used_at"];

/** Everything in every database that names something of a customer's, as text, once nothing of it changes any more by itself. */
export function rowsAtRest(here: HubHere, marks: readonly string[]): Promise<string[]> {
  return eventually(async () => {
    const before = await rowsOf(here, marks);
    const consumers = await here.admin.query<{ lag: number }[]>("consumers.list");
    const after = await rowsOf(here, marks);
    const same = JSON.stringify(before) === JSON.stringify(after);
    return same && consumers.every(({ lag }) => lag === 0) ? after : null;
  }, 60_000);
}

/** Those of the first that are not in the second: rows that the platform adds by itself in time are nobody's doing. Pure. */
export const gone = (before: readonly string[], after: readonly string[]): string[] => {
  const there = new Set(after);
  return before.filter((row) => !there.has(row));
};

async function rowsOf({ databases }: HubHere, marks: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of ["events", "core", "billing", "analytics"] as const) {
    const { query } = databases[name];
    const tables = await query<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`;
    for (const { name: table } of tables) {
      const text = `select to_jsonb(t) - '{${changing.join(",")}}'::text[] as row from "${table}" t`;
      const rows = await query<{ row: object }>(Object.assign([text], { raw: [text] }));
      const texts = rows.map(({ row }) => `${name}.${table} ${JSON.stringify(row)}`);
      found.push(...texts.filter((row) => marks.some((mark) => row.includes(mark))));
    }
  }
  return found.sort();
}

const password = "correct horse battery staple";

export async function createTenant(here: HubHere, host: HostByHand, who: string): Promise<Tenant> {
  const { admin, url } = here;
  const email = `${who}-${randomUUID().slice(0, 8)}@example.com`;
  const idempotencyKey = randomUUID;
  const { userId } = await admin.mutate<{ userId: string }>("accounts.create", {
    ...{ email, password, role: "customer", idempotencyKey: idempotencyKey() },
  });
  const top = { userId, amountMinor: 10_000, idempotencyKey: idempotencyKey() };
  await eventually(() => admin.mutate("wallet.topup", top).catch(notYet));
  const api = new Api(() => url);
  await api.login({ email, password });
  const { deviceId, lease, commandId } = await rent(api, host, userId);
  const { name } = await api.query<{ name: string }>("devices.show", { device: deviceId });
  const app = await upload(url, api.token ?? "", who);
  const input = { device: name, app: app.appId, idempotencyKey: idempotencyKey() };
  const installation = await api.mutate<{ installationId: string }>("apps.install", input);
  const batch = await api.mutate<{ batchId: string }>("apps.installBatch", {
    ...{ app: app.appId, targets: { all: true }, idempotencyKey: idempotencyKey() },
  });
  const snapshotId = await takeSnapshot(api, { deviceId, name: `${who}'s copy` });
  const session = await api.mutate<{ sessionId: string; ticket: string }>("sessions.open", {
    ...{ device: name, purpose: "adb", idempotencyKey: idempotencyKey() },
  });
  const share = await api.mutate<{ shareId: string }>("shares.create", {
    ...{ device: name, idempotencyKey: idempotencyKey() },
  });
  const key = await api.mutate<{ id: string }>("apiKeys.create", {
    ...{ name: `${who}'s key`, scopes: ["*.read"] },
  });
  const ids = {
    ...{ userId, deviceId, commandId, snapshotId, orderId: lease.orderId, appId: app.appId },
    ...{ installationId: installation.installationId, batchId: batch.batchId },
    ...{ sessionId: session.sessionId, keyId: key.id, shareId: share.shareId },
  };
  const things = Object.fromEntries(Object.entries(ids).map(([called, id]) => [called, [id]]));
  return {
    ...{ api, email, password, device: { deviceId, name }, ticket: session.ticket },
    installed: { input, answer: installation },
    marks: [...Object.values(ids), email, name, `${who}'s copy`, `${who}'s key`, `${who}.apk`],
    things: { ...things, device: [deviceId, name], app: [app.appId, app.sha256] },
  };
}

const notYet = (): null => null;

/** Buys a phone of the host, and has it run. */
async function rent(api: Api, host: HostByHand, userId: string) {
  const plans = await api.query<{ id: string; name: string }[]>("plans.list");
  const planId = plans.find(({ name }) => name === "Hourly")?.id;
  await api.mutate("orders.create", { planId, idempotencyKey: randomUUID() });
  const desired = await eventually(async () => {
    const given = [...host.desired.values()].find(({ lease }) => lease?.userId === userId);
    return given ?? null;
  });
  const { deviceId } = desired;
  const { leaseId, orderId, token } = desired.lease as LeaseRef;
  const lease: LeaseRef = { leaseId, orderId, userId, token };
  const startedAt = new Date().toISOString();
  const run = { deviceId, runId: randomUUID(), lease, userId, startedAt };
  host.note({ type: "device.started", subject: deviceId, data: run });
  await host.deliver();
  await eventually(async () => {
    const { state } = await api.query<{ state: string }>("orders.show", { orderId });
    return state === "paid" ? true : null;
  });
  const asked = { device: deviceId, idempotencyKey: randomUUID() };
  const { commandId } = await api.mutate<{ commandId: string }>("devices.screenshot", asked);
  return { deviceId, lease, commandId };
}

async function upload(url: string, token: string, who: string) {
  const headers = { authorization: `Bearer ${token}`, "x-file-name": `${who}.apk` };
  const body = new Uint8Array(smallApk());
  const response = await fetch(`${url}/apps`, { method: "POST", headers, body });
  return (await response.json()) as { appId: string; sha256: string };
}

async function takeSnapshot(
  api: Api,
  { deviceId, name }: { deviceId: string; name: string },
): Promise<string> {
  const wish = { device: deviceId, name, idempotencyKey: randomUUID() };
  const { snapshotId } = await api.mutate<{ snapshotId: string }>("snapshots.create", wish);
  await eventually(async () => {
    const list = await api.query<{ state: string }[]>("snapshots.list");
    return list.some(({ state }) => state === "ready") ? true : null;
  });
  return snapshotId;
}
