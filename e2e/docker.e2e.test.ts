import { randomUUID } from "node:crypto";
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

const missing = dockerMissing();

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

    test.each(["agent.provider.before-create", "agent.provider.after-create"])(
      "an agent killed at %s leaves no container that nobody knows, and bills what ran",
      async (at) => {
        await using cell = await startCell({ crash: { part: "agent", at } });
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
