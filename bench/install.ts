import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { createDatabase, type OpenDatabase } from "@cloudphone/hub/platform/postgres/client";
import { eventually } from "../e2e/api.ts";
import { Cell } from "../e2e/cell.ts";
import { cpuMs } from "./cpu.ts";

/** One install as its customer meets it, in milliseconds from the click: the request sent. */
export interface Install {
  /** Until the API answered `pending`. */
  readonly answerMs: number;
  /** Until the installation's row said `installed` to whoever reads it. */
  readonly installedMs: number;
  /** The same without download and `pm install`, which the host measured. */
  readonly ownMs: number;
}

export interface InstallBench extends AsyncDisposable {
  readonly devices: readonly string[];
  /** Processor time so far, in ms, of each part of the platform. */
  cpu(): Promise<Record<CpuPart, number>>;
  /** Clicks at the given instants (ms from the call), one device after the other, whatever became of earlier ones; resolves once all are installed. */
  installs(instantsMs: readonly number[]): Promise<Install[]>;
}

export const cpuParts = ["hub", "agent", "PostgreSQL"] as const;
export type CpuPart = (typeof cpuParts)[number];

const lookMs = 4;

/** A platform on disk as separate processes, with `phones` phones rented by one customer who owns one app. */
export async function openInstallBench(options: {
  phones: number;
  apk: Buffer;
}): Promise<InstallBench> {
  const { phones, apk } = options;
  const cell = await Cell.start({
    onDisk: true,
    env: { agent: { CLOUDPHONE_SIMULATED_CAPACITY: String(phones) } },
  });
  try {
    await cell.hostReady();
    await Promise.all(Array.from({ length: phones }, () => cell.buy("Hourly")));
    const devices = await cell.customer.query<{ name: string }[]>("devices.list");
    const headers = { authorization: `Bearer ${cell.customer.token}` };
    const body = new Uint8Array(apk);
    const uploaded = await fetch(`${cell.url}/apps`, { method: "POST", headers, body });
    if (uploaded.status !== 201) throw new Error(`the upload was refused: ${uploaded.status}`);
    const host = path.join(cell.dir, "postgres");
    const address = { host, port: 5432, user: "cloudphone_core", database: "cloudphone_core" };
    const core = createDatabase({ address, connections: 1 });
    const names = devices.map((device) => device.name);
    return {
      devices: names,
      installs: (instantsMs) => installs({ cell, core, devices: names }, instantsMs),
      cpu: async () => ({
        hub: cpuMs(cell.pid("hub"), { children: false }),
        agent: cpuMs(cell.pid("agent"), { children: false }),
        PostgreSQL: cpuMs(await postmaster(host), { children: true }),
      }),
      async [Symbol.asyncDispose]() {
        await core.stop();
        await cell[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await cell[Symbol.asyncDispose]();
    throw error;
  }
}

/** The first line of its pid file. */
async function postmaster(dir: string): Promise<number> {
  const [pid] = (await readFile(path.join(dir, "data/postmaster.pid"), "utf8")).split("\n");
  return Number(pid);
}

interface Running {
  readonly cell: Cell;
  readonly core: OpenDatabase;
  readonly devices: readonly string[];
}

interface Click {
  readonly atMs: number;
  readonly answeredMs: number;
  readonly installationId: string;
}

async function installs(running: Running, instantsMs: readonly number[]): Promise<Install[]> {
  const begun = performance.now();
  const seen = watchRows(running.core, instantsMs.length);
  const clicks = await Promise.all(
    instantsMs.map(async (instantMs, n) => {
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(0, begun + instantMs - performance.now())),
      );
      return click(running.cell, running.devices[n % running.devices.length] ?? "");
    }),
  );
  const installedAt = await seen;
  const hostMs = await hostShares(
    running.cell,
    clicks.map(({ installationId }) => installationId),
  );
  return clicks.map(({ atMs, answeredMs, installationId }) => {
    const installedMs = (installedAt.get(installationId) ?? Number.NaN) - atMs;
    return {
      answerMs: answeredMs - atMs,
      installedMs,
      ownMs: installedMs - (hostMs.get(installationId) ?? Number.NaN),
    };
  });
}

async function click(cell: Cell, device: string): Promise<Click> {
  const atMs = performance.now();
  const wish = { device, app: "io.appium.settings", idempotencyKey: randomUUID() };
  const answer = await cell.customer.mutate<{ installationId: string }>("apps.install", wish);
  return { atMs, answeredMs: performance.now(), installationId: answer.installationId };
}

/** When each of the next `count` installations was first seen to be over. Asks the database itself, so that looking costs the hub nothing. */
async function watchRows(core: OpenDatabase, count: number): Promise<Map<string, number>> {
  const seen = new Map<string, number>();
  const known = await core.query<{ at: Date }>`select clock_timestamp() as at`;
  let since = known[0]?.at ?? new Date(0);
  const until = performance.now() + 120_000;
  while (seen.size < count) {
    if (performance.now() > until) throw new Error(`only ${seen.size} of ${count} installs ended`);
    const rows = await core.query<{ id: string; state: string; ended_at: Date }>`
      select id, state, ended_at from installations where ended_at >= ${since} and state <> 'pending'`;
    const atMs = performance.now();
    for (const { id, state, ended_at } of rows) {
      if (state !== "installed") throw new Error(`an installation ${state}`);
      if (!seen.has(id)) seen.set(id, atMs);
      // The time is taken before the commit, so a later one may be seen earlier.
      since = new Date(Math.max(since.getTime(), ended_at.getTime() - 2000));
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  return seen;
}

/** What download and `pm install` took, as the host's own events say. */
async function hostShares(cell: Cell, ids: readonly string[]): Promise<Map<string, number>> {
  interface Done {
    readonly position: number;
    readonly data: { commandId: string; downloadMs: number; installMs: number };
  }
  const wanted = new Set(ids);
  const shares = new Map<string, number>();
  await eventually(async () => {
    const done = await cell.admin.query<Done[]>("events.list", {
      types: ["app.install.completed"],
      limit: 1000,
    });
    for (const { data } of done)
      if (wanted.has(data.commandId)) shares.set(data.commandId, data.downloadMs + data.installMs);
    return shares.size === wanted.size ? true : null;
  });
  return shares;
}
