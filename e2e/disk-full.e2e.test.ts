import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { expectAcknowledged, expectWishesObeyed } from "./acknowledged.ts";
import { eventually } from "./api.ts";
import { installOn, uploadApk } from "./apk.ts";
import { Cell } from "./cell.ts";
import { expectInvariants, settle } from "./invariants.ts";
import { Load } from "./load.ts";
import { expectMetered } from "./metering.ts";

const ownMounts = [
  "unshare",
  ...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]),
  ...["--mount", "--", "sh", "-ec"],
];

/** A disk of 24 MiB of the agent's own: its folder is a tmpfs that nobody else sees, with what the folder held before. */
const smallDisk = (dir: string): string[] => [
  ...ownMounts,
  'cp -a "$0" "$0.before"; mount -t tmpfs -o size=24m,mode=700 tmpfs "$0"; cp -a "$0.before/." "$0"; exec "$@"',
  dir,
];

/** The agent's folder as the agent sees it. */
const seenByAgent = (cell: Cell): string =>
  path.join(`/proc/${cell.pid("agent")}/root`, cell.agentDir);

/** SQLite would follow /proc's link to where this process looks. */
function copyOfStore(cell: Cell): string {
  const copy = path.join(cell.dir, "store.db");
  for (const suffix of ["", "-wal"])
    copyFileSync(path.join(seenByAgent(cell), `agent.db${suffix}`), copy + suffix);
  return copy;
}

/** Writes until not one byte more fits. */
function fillDisk(file: string): void {
  const handle = openSync(file, "w");
  for (let bytes = 1024 ** 2; bytes >= 1; )
    try {
      writeSync(handle, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      bytes = Math.floor(bytes / 2);
    }
  closeSync(handle);
}

interface Provider {
  readonly available: boolean;
  readonly reason: string | null;
}

const untilProvider = (cell: Cell, available: boolean): Promise<Provider> =>
  eventually(
    async () => {
      const [host] = await cell.admin.query<{ providers: Provider[] }[]>("hosts.list");
      const provider = host?.providers[0];
      return provider?.available === available ? provider : null;
    },
    30_000,
    `a provider that is ${available ? "" : "not "}available`,
  );

const showDevice = (cell: Cell, device: string) =>
  cell.customer.query<{ state: string; reason: string | null }>("devices.show", { device });

test("a full disk of the host is told in words, refuses new work, keeps what runs and its metering, and is over by itself", async (context) => {
  const [command = "", ...args] = ownMounts;
  const allowed = spawnSync(command, [...args, "mount -t tmpfs tmpfs /mnt"]).status === 0;
  if (!allowed && process.env.CI !== "true") context.skip("this account may not mount a tmpfs");
  await using cell = await Cell.start({ agentUnder: smallDisk });
  try {
    await cell.hostReady();
    await uploadApk(cell);
    const load = new Load(cell, Math.random);
    const buy = () => eventually(() => load.buy("Hourly"), 60_000, "a phone");
    const [running, toStop, toStart] = [await buy(), await buy(), await buy()];
    await load.power(toStart, "stopped");
    await eventually(async () =>
      (await showDevice(cell, toStart.deviceId)).state === "stopped" ? true : null,
    );
    const filler = path.join(seenByAgent(cell), "filler");
    fillDisk(filler);

    expect((await untilProvider(cell, false)).reason).toMatch(/disk.* full/);
    await eventually(
      async () => (/disk.* full/.test(cell.output("agent")) ? true : null),
      10_000,
      "a word to the operator",
    );
    expect(await installOn(cell, load, running.deviceId)).toMatchObject({
      status: "failed",
      code: "disk_full",
    });
    expect(await load.buy("Hourly"), "nothing new is placed there").toBeNull();
    await load.power(toStart, "running");
    await eventually(async () => {
      const { state, reason } = await showDevice(cell, toStart.deviceId);
      return state === "failed" && /disk.* full/.test(reason ?? "") ? true : null;
    });
    await load.power(toStop, "stopped");
    await eventually(async () =>
      (await showDevice(cell, toStop.deviceId)).state === "stopped" ? true : null,
    );
    expect((await showDevice(cell, running.deviceId)).state).toBe("running");

    rmSync(filler);
    await untilProvider(cell, true);
    await expectWishesObeyed(cell, load);
    expect(await installOn(cell, load, running.deviceId)).toMatchObject({ status: "installed" });
    await load.endAll();
    await settle(cell);
    const events = await expectInvariants(cell, { store: copyOfStore(cell) });
    await expectAcknowledged(cell, load, events);
    await expectMetered(cell, events);
    expect(cell.restarts("agent")).toBe(0);
  } catch (error) {
    throw new Error(await cell.account(), { cause: error });
  }
});
