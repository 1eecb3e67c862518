import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import {
  dockerMissing,
  images,
  TestDockerd,
} from "@cloudphone/agent/providers/docker/testing/dockerd";
import { containerSpec } from "@cloudphone/agent/providers/docker/testing/test-host";
import { type RealAdb, startRealAdb } from "@cloudphone/agent/providers/simulated/real-adb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./api.ts";
import { apkName, uploadApk } from "./apk.ts";
import { Cell, type CellOptions } from "./cell.ts";
import { expectInvariants, settle } from "./invariants.ts";
import { dataOf, type LoggedEvent } from "./log.ts";
import { startProgram } from "./program.ts";
import { Terminal } from "./terminal.ts";

const missing = dockerMissing();
const run = promisify(execFile);

describe.skipIf(missing !== null)(
  `a platform whose phones are containers${missing ? `: ${missing}` : ""}`,
  () => {
    let docker: TestDockerd;
    let adb: RealAdb;
    beforeAll(async () => {
      [docker, adb] = await Promise.all([TestDockerd.start(), startRealAdb()]);
    });
    afterAll(async () => {
      await adb?.[Symbol.asyncDispose]();
      await docker?.[Symbol.asyncDispose]();
    });

    const startCell = async (options: CellOptions = {}): Promise<Cell> => {
      const agent = {
        CLOUDPHONE_DOCKER_HOST: docker.host,
        CLOUDPHONE_DOCKER_IMAGES: images.repository,
        CLOUDPHONE_DOCKER_SUBNET: docker.subnet,
        CLOUDPHONE_DOCKER_FIRST_PORT: String(docker.ports.firstPort),
        CLOUDPHONE_DOCKER_LAST_PORT: String(docker.ports.lastPort),
        CLOUDPHONE_DOCKER_ADB_PORT: String(adb.port),
        CLOUDPHONE_DOCKER_CAPACITY: "20",
      };
      const cell = await Cell.start({ ...options, env: { agent } });
      await cell.hostReady();
      await cell.admin.mutate("plans.create", {
        name: "Container",
        priceMinor: 0,
        hourlyMinor: 100,
        spec: containerSpec,
        idempotencyKey: randomUUID(),
      });
      return cell;
    };

    /** Until an order is paid: one that met the crash may be cancelled. */
    const rent = async (cell: Cell): Promise<string> => {
      for (let tries = 0; tries < 4; tries++) {
        await cell.hostReady();
        const { orderId, state } = await cell.buy("Container");
        if (state === "paid") return orderId;
      }
      throw new Error(await cell.account());
    };

    /** Gives every phone back and removes it; nothing of them may be left on the machine. */
    const clearAway = async (cell: Cell, orders: readonly string[]): Promise<LoggedEvent[]> => {
      for (const orderId of orders)
        await eventually(() =>
          cell.customer.mutate("orders.end", { orderId, idempotencyKey: randomUUID() }),
        );
      await settle(cell);
      const devices = await cell.admin.query<{ name: string; provider?: string }[]>("devices.list");
      for (const { name } of devices)
        await cell.admin.mutate("devices.destroy", { device: name }).catch(() => undefined);
      await eventually(
        async () => {
          const left = await docker.docker("ps", "-aq");
          const volumes = await docker.docker("volume", "ls", "-q");
          return left === "" && volumes === "" ? true : null;
        },
        20_000,
        "the end of all containers and volumes",
      );
      await settle(cell);
      return expectInvariants(cell);
    };

    test("ten phones are sold at once, take an app, are given back, wiped and removed", async () => {
      await using cell = await startCell();
      await uploadApk(cell);
      const orders = await Promise.all(Array.from({ length: 10 }, () => rent(cell)));
      const devices = await cell.customer.query<{ name: string }[]>("devices.list");
      expect(devices).toHaveLength(10);
      const installed = await Promise.all(
        devices.map(async ({ name }) => {
          const wish = { device: name, app: apkName, idempotencyKey: randomUUID() };
          const { installationId } = await cell.customer.mutate<{ installationId: string }>(
            "apps.install",
            wish,
          );
          return eventually(
            async () => {
              const found = await cell.customer.query<{ status: string }>("apps.installation", {
                installationId,
              });
              return found.status === "pending" ? null : found.status;
            },
            60_000,
            "the installation's end",
          );
        }),
      );
      expect(new Set(installed)).toEqual(new Set(["installed"]));
      const events = await clearAway(cell, orders);
      const wiped = events.filter(({ type }) => type === "device.wiped");
      expect(wiped).toHaveLength(10);
    });

    test("a real adb reaches the real adbd of a container from afar: shell, files, ports both ways; its data is kept, taken back and cloned", async () => {
      await using cell = await startCell();
      const orders = [await rent(cell), await rent(cell)];
      const phones = await cell.customer.query<{ name: string }[]>("devices.list");
      const [phone = "", other = ""] = phones.map(({ name }) => name);
      await using afar = await startAfar(cell, phone);
      const { say, terminal } = afar;
      await expect(say("shell", "echo out; exit 7")).rejects.toMatchObject({
        code: 7,
        stdout: "out\n",
      });
      const [up, down] = [path.join(cell.dir, "up"), path.join(cell.dir, "down")];
      const bytes = randomBytes(5 * 1024 ** 2);
      await writeFile(up, bytes);
      await say("push", up, "/data/local/tmp/up");
      await say("pull", "/data/local/tmp/up", down);
      expect((await readFile(down)).equals(bytes)).toBe(true);
      // Out by a port of this machine, through the container's own, and back to another port of this machine.
      await using desk = await startDesk("from the desk");
      await say("reverse", "tcp:7000", `tcp:${desk.port}`);
      const forwarded = Number(await say("forward", "tcp:0", "tcp:7000"));
      expect(await text(connect(forwarded, "127.0.0.1"))).toBe("from the desk");
      await say("reverse", "--remove-all");
      expect(await say("reverse", "--list")).toBe("\n");
      const { snapshotId } = await terminal.ask<{ snapshotId: string }>(
        "snapshots",
        "create",
        phone,
      );
      const sizeOn = async (device: string): Promise<string> =>
        (await terminal.type(["shell", device, "wc -c </data/local/tmp/up"])).stdout.trim();
      await terminal.type(["shell", phone, "echo changed >/data/local/tmp/up"]);
      expect(await sizeOn(phone)).toBe("8");
      await terminal.ask("snapshots", "restore", snapshotId, phone);
      expect(await sizeOn(phone)).toBe(String(bytes.length));
      await terminal.ask("devices", "clone", phone, other);
      expect(await sizeOn(other)).toBe(String(bytes.length));
      await terminal.ask("snapshots", "delete", snapshotId);
      await clearAway(cell, orders);
    });

    test.each(["agent.provider.before-create", "agent.provider.after-create"] as const)(
      "an agent killed at %s leaves no container that nobody knows, and bills what ran",
      async (at) => {
        await using cell = await startCell({ crash: { agent: at } });
        const orderId = await rent(cell);
        expect(cell.restarts("agent")).toBe(1);
        const known = await cell.admin.query<{ name: string }[]>("devices.list");
        const containers = (await docker.docker("ps", "-aq")).split("\n").filter((id) => id !== "");
        expect(containers.length).toBeLessThanOrEqual(known.length);
        const events = await clearAway(cell, [orderId]);
        const ran = dataOf(events, "device.stopped").filter(
          ({ lease }) => lease?.orderId === orderId,
        );
        expect(ran.length).toBeGreaterThan(0);
      },
    );
  },
);

/** `cloudphone adb` as the demo customer, and an adb of its own that is connected through it. */
async function startAfar(cell: Cell, device: string) {
  const file = path.join(cell.dir, "hub/first-accounts.json");
  const { demo } = JSON.parse(await readFile(file, "utf8")) as {
    demo: { email: string; password: string };
  };
  const home = path.join(cell.dir, "demo");
  const terminal = new Terminal(home, () => cell.url);
  await terminal.signIn(demo);
  const server = await startRealAdb();
  const env = { CLOUDPHONE_HOME: home, CLOUDPHONE_URL: cell.url };
  const door = startProgram(["adb", device], { env });
  const call = async (...args: string[]): Promise<string> =>
    (await run("adb", ["-P", String(server.port), ...args], { timeout: 60_000 })).stdout;
  const address = await eventually(
    async () => /adb connect (\S+)/.exec(door.output())?.[1] ?? null,
    30_000,
    "the local port",
  );
  await call("connect", address);
  await call("-s", address, "wait-for-device");
  return {
    terminal,
    say: (...args: string[]) => call("-s", address, ...args),
    async [Symbol.asyncDispose]() {
      door.kill("SIGTERM");
      await door.ended;
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A port of this machine that says one thing to whoever comes. */
async function startDesk(words: string) {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(words);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}
