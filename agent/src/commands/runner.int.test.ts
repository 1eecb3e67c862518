import type { CommandEnvelope } from "@cloudphone/shared/commands/envelope";
import { expect, test } from "vitest";
import { deviceId, silent, startHost, type TestHost, wish } from "../devices/testing.ts";
import { createHubFiles } from "./hub-files.ts";
import { Screens } from "../media/screens.ts";
import { Tunnels } from "../relay/tunnels.ts";
import { CommandRunner, type Handlers } from "./runner.ts";

const commandId = "018f3c5a-0000-7000-8000-0000000000c1";
const leaseRef = {
  leaseId: "018f3c5a-0000-7000-8000-0000000000e1",
  orderId: "018f3c5a-0000-7000-8000-0000000000b1",
  userId: "018f3c5a-0000-7000-8000-000000000011",
  token: 7,
};

const command = (more: Partial<CommandEnvelope> = {}): CommandEnvelope => ({
  v: 1,
  id: commandId,
  type: "app.uninstall",
  deviceId,
  token: 7,
  ttlMs: 60_000,
  correlationId: deviceId,
  causationId: deviceId,
  data: { packageName: "a.b" },
  ...more,
});

/** A runner of `host` whose every command is counted, and takes as long as `work` does. */
function runnerOf(host: TestHost, work: () => Promise<void> = async () => undefined) {
  const ran: string[] = [];
  const handler = async (data: { packageName?: string }) => {
    ran.push("ran");
    await work();
    return { packageName: data.packageName ?? "" };
  };
  const handlers = {
    "app.install": handler,
    "app.uninstall": handler,
    "device.restart": handler,
    "device.screenshot": handler,
  } as unknown as Handlers;
  const { store, fleet, clock } = host;
  const files = createHubFiles({ hubUrl: "http://127.0.0.1:1", dir: "/nowhere" });
  const tunnels = new Tunnels({
    hubUrl: "http://127.0.0.1:1",
    logger: silent,
    tokenOf: () => null,
  });
  const screens = new Screens({
    onMeasured: () => undefined,
    openAdb: () => Promise.reject(new Error("no screens here")),
    serverFile: () => Promise.reject(new Error("no screens here")),
    hostAddresses: [],
    portRange: null,
    logger: silent,
  });
  const deps = { store, fleet, files, tunnels, screens, handlers, clock, logger: silent };
  const runner = new CommandRunner(deps);
  const take = async (given: CommandEnvelope): Promise<void> => {
    await runner.take(given);
    await host.until(() => host.store.read((tx) => tx.inbox(given.id))?.state === "done");
  };
  return { runner, ran, take };
}

async function leasedHost(host = startHost()): Promise<TestHost> {
  await host.fleet.take(wish({ token: 7, lease: { ...leaseRef, remainingMs: null } }));
  return host;
}

const outcomes = (host: TestHost) => host.events().filter(({ data }) => "commandId" in data);

test("a command that comes again, now or after a restart, is run once and answered once", async () => {
  await using host = await leasedHost();
  const first = runnerOf(host);
  await Promise.all([first.take(command()), first.take(command())]);
  await first.take(command());
  await first.runner.stop();
  const second = runnerOf(host);
  await second.runner.start();
  await second.take(command());
  await second.runner.stop();
  expect([...first.ran, ...second.ran]).toEqual(["ran"]);
  expect(outcomes(host)).toMatchObject([{ type: "app.uninstall.completed", data: { commandId } }]);
});

test("a command of a lease that is not the device's any more is refused, and not run", async () => {
  await using host = await leasedHost();
  const { take, ran, runner } = runnerOf(host);
  await take(command({ token: 6 }));
  await runner.stop();
  expect(ran).toEqual([]);
  expect(outcomes(host)).toMatchObject([
    { type: "app.uninstall.failed", data: { commandId, code: "stale_lease" } },
  ]);
});

test("a command whose time was over before it could begin is not run", async () => {
  await using host = await leasedHost();
  const { take, ran, runner } = runnerOf(host);
  await take(command({ ttlMs: 0 }));
  await runner.stop();
  expect(ran).toEqual([]);
  expect(outcomes(host)).toMatchObject([{ data: { commandId, code: "timed_out" } }]);
});

test("a command is refused, and not run, while the disk might not hold its outcome", async () => {
  // More than any disk has: what is there counts as the reserve, which outcomes may still use.
  await using host = await leasedHost(startHost({ reserveBytes: Number.MAX_SAFE_INTEGER }));
  const { take, ran, runner } = runnerOf(host);
  await take(command());
  await runner.stop();
  expect(ran).toEqual([]);
  expect(outcomes(host)).toMatchObject([
    { type: "app.uninstall.failed", data: { commandId, code: "disk_full" } },
  ]);
});

test("a command that was cut off ends as interrupted, and is not run again", async () => {
  await using host = await leasedHost();
  await host.store.transaction((tx) =>
    tx.putInbox({
      command: command(),
      state: "running",
      receivedMonoMs: host.clock.nowMs(),
      bootId: host.clock.bootId,
    }),
  );
  const { ran, runner } = runnerOf(host);
  await runner.start();
  await host.until(() => outcomes(host).length > 0);
  await runner.stop();
  expect(ran).toEqual([]);
  expect(outcomes(host)).toMatchObject([{ data: { commandId, code: "interrupted" } }]);
});

test("a command that is at work when the agent stops ends as interrupted", async () => {
  await using host = await leasedHost();
  const never = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const { runner } = runnerOf(host, () => {
    begun.resolve();
    return never.promise;
  });
  await runner.take(command());
  await begun.promise;
  await runner.stop();
  expect(outcomes(host)).toMatchObject([{ data: { commandId, code: "interrupted" } }]);
});

test("a command of a type that this agent does not know ends as unsupported, once, in words that say what to do", async () => {
  await using host = await leasedHost();
  const { take, runner } = runnerOf(host);
  await take(command({ type: "device.fold" }));
  await take(command({ type: "device.fold" }));
  await runner.stop();
  expect(outcomes(host)).toMatchObject([
    {
      type: "device.command.refused",
      data: {
        commandId,
        deviceId,
        code: "unsupported",
        reason: expect.stringContaining("upgrade"),
      },
    },
  ]);
});

test("commands of one device are run one after the other, in the order in which they came", async () => {
  await using host = await leasedHost();
  let atOnce = 0;
  let most = 0;
  const { runner, ran } = runnerOf(host, async () => {
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce--;
  });
  const ids = ["c1", "c2", "c3"].map((end) => commandId.slice(0, -2) + end);
  for (const id of ids) await runner.take(command({ id }));
  await host.until(() => outcomes(host).length === 3);
  await runner.stop();
  expect(ran).toHaveLength(3);
  expect(most).toBe(1);
  expect(outcomes(host).map(({ data }) => data.commandId)).toEqual(ids);
});
