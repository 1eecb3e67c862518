import { randomUUID } from "node:crypto";
import type { DeviceSpec } from "@cloudphone/shared/device";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Adb, AdbDevice } from "../adb/adb.ts";
import { createAdb } from "../adb/open.ts";
import type { Handle, Observation, Provider } from "./provider.ts";
import { snapshotContract } from "./snapshots.contract.ts";

/** One kind of device and the world it lives in, for the suite that every provider must pass. */
export interface ProviderHarness extends AsyncDisposable {
  /** A fresh provider object over the same world, as after a restart of the agent. */
  open(): Promise<Provider>;
  readonly spec: DeviceSpec;
  /** Takes the device away behind the provider's back. */
  removeOutside(handle: Handle): Promise<void>;
  /** What a wipe must change: a serial number, an android_id. Asked of a running device. */
  identity(device: AdbDevice): Promise<string>;
}

const options = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(30_000) });
const call = { timeoutMs: 10_000 };

/** The promises of `Provider`, as tests; each test makes its own device and destroys it. `snapshots`: whether it must have that ability. */
export function providerContract(
  name: string,
  makeHarness: () => Promise<ProviderHarness>,
  { skip = false, snapshots = false } = {},
): void {
  describe.skipIf(skip)(`${name} keeps the provider contract`, () => {
    let harness: ProviderHarness;
    let provider: Provider;
    let adb: Adb;

    beforeAll(async () => {
      harness = await makeHarness();
      provider = await harness.open();
      adb = createAdb();
    });
    afterAll(async () => {
      await adb?.close();
      await provider?.close();
      await harness?.[Symbol.asyncDispose]();
    });

    const makeDevice = async (): Promise<
      AsyncDisposable & { deviceId: string; handle: Handle }
    > => {
      const deviceId = randomUUID();
      const device = { deviceId, name: "contract", spec: harness.spec };
      const handle = await provider.create(device, options());
      return {
        deviceId,
        handle,
        [Symbol.asyncDispose]: () => provider.destroy(handle, options()),
      };
    };
    const boot = async (handle: Handle): Promise<AdbDevice> => {
      await provider.start(handle, options());
      const device = await adb.open(running(await provider.observe(handle, options())).adb);
      await device.waitBooted({ timeoutMs: 20_000, signal: AbortSignal.timeout(20_000) });
      return device;
    };

    it("says that it is available, and of which kind it is", async () => {
      const report = await provider.fingerprint();
      expect(report).toMatchObject({ kind: provider.kind, available: true });
    });

    it("says whether it has snapshots, and has what it says", async () => {
      const { labels } = await provider.fingerprint();
      expect([labels.snapshots === "true", provider.snapshots !== undefined]).toEqual([
        snapshots,
        snapshots,
      ]);
    });

    if (snapshots)
      snapshotContract({
        provider: () => provider,
        identity: (device) => harness.identity(device),
        makeDevice,
        boot,
      });

    it("creates a device powered off, and lists it under its device id", async () => {
      await using made = await makeDevice();
      expect(await provider.observe(made.handle, options())).toMatchObject({ state: "stopped" });
      const found = await provider.list(options());
      expect(found.filter(({ deviceId }) => deviceId === made.deviceId)).toHaveLength(1);
    });

    it("finds the device of an earlier create whose answer was lost", async () => {
      await using made = await makeDevice();
      const { deviceId } = made;
      const device = { deviceId, name: "contract", spec: harness.spec };
      expect(await provider.create(device, options())).toEqual(made.handle);
      const found = await provider.list(options());
      expect(found.filter((one) => one.deviceId === deviceId)).toHaveLength(1);
    });

    it("keeps handles that survive JSON and serve a fresh provider object", async () => {
      await using made = await makeDevice();
      await provider.start(made.handle, options());
      const before = running(await provider.observe(made.handle, options()));
      const fresh = await harness.open();
      const handle = JSON.parse(JSON.stringify(made.handle)) as Handle;
      const after = running(await fresh.observe(handle, options()));
      expect(after.instanceId).toBe(before.instanceId);
      await fresh.stop(handle, options());
      expect(await provider.observe(made.handle, options())).toMatchObject({ state: "stopped" });
    });

    it("starts a device that boots and answers over adb; a second start does no harm", async () => {
      await using made = await makeDevice();
      const device = await boot(made.handle);
      const before = running(await provider.observe(made.handle, options()));
      await provider.start(made.handle, options());
      const after = running(await provider.observe(made.handle, options()));
      expect(after.instanceId).toBe(before.instanceId);
      const { output, exitCode } = await device.shell(["getprop", "sys.boot_completed"], call);
      expect({ output, exitCode }).toEqual({ output: "1\n", exitCode: 0 });
      await device.close();
    });

    it("gives another instance id each time the device begins anew", async () => {
      await using made = await makeDevice();
      await provider.start(made.handle, options());
      const first = running(await provider.observe(made.handle, options()));
      await provider.stop(made.handle, options());
      await provider.start(made.handle, options());
      const second = running(await provider.observe(made.handle, options()));
      expect(second.instanceId).not.toBe(first.instanceId);
    });

    it("stops a device twice without harm", async () => {
      await using made = await makeDevice();
      await provider.start(made.handle, options());
      await provider.stop(made.handle, options());
      await provider.stop(made.handle, options());
      expect(await provider.observe(made.handle, options())).toMatchObject({ state: "stopped" });
    });

    it("keeps what is on the device while it is off", async () => {
      await using made = await makeDevice();
      const first = await boot(made.handle);
      await first.shell(["settings", "put", "global", "contract_trace", "here"], call);
      const identity = await harness.identity(first);
      await first.close();
      await provider.stop(made.handle, options());
      const second = await boot(made.handle);
      const trace = await second.shell(["settings", "get", "global", "contract_trace"], call);
      expect(trace.output.trim()).toBe("here");
      expect(await harness.identity(second)).toBe(identity);
      await second.close();
    });

    it("wipes a stopped device: nothing of the customer is left, and its identity is new", async () => {
      await using made = await makeDevice();
      const first = await boot(made.handle);
      await first.shell(["settings", "put", "global", "contract_trace", "here"], call);
      await first.shell(["touch", "/sdcard/contract-trace"], call);
      const identity = await harness.identity(first);
      await first.close();
      await provider.stop(made.handle, options());
      const handle = await provider.wipe(made.handle, options());
      expect(await provider.observe(handle, options())).toMatchObject({ state: "stopped" });
      const second = await boot(handle);
      const trace = await second.shell(["settings", "get", "global", "contract_trace"], call);
      expect(trace.output.trim()).toBe("null");
      expect((await second.shell(["ls", "/sdcard/contract-trace"], call)).exitCode).not.toBe(0);
      expect(await harness.identity(second)).not.toBe(identity);
      await second.close();
      await provider.destroy(handle, options());
    });

    it("destroys a device, running or gone already", async () => {
      await using made = await makeDevice();
      await provider.start(made.handle, options());
      await provider.destroy(made.handle, options());
      await provider.destroy(made.handle, options());
      expect(await provider.observe(made.handle, options())).toEqual({ state: "missing" });
      const found = await provider.list(options());
      expect(found.some(({ deviceId }) => deviceId === made.deviceId)).toBe(false);
    });

    it("sees as missing what was taken away behind its back; stop and destroy do no harm then", async () => {
      await using made = await makeDevice();
      await provider.start(made.handle, options());
      await harness.removeOutside(made.handle);
      expect(await provider.observe(made.handle, options())).toEqual({ state: "missing" });
      await provider.stop(made.handle, options());
      await expect(provider.start(made.handle, options())).rejects.toMatchObject({
        name: "Fault",
      });
    });

    it("hints that a device may have changed, until nobody listens", async () => {
      await using made = await makeDevice();
      const hinted = Promise.withResolvers<void>();
      let hints = 0;
      const watching = provider.watch(() => {
        hints++;
        hinted.resolve();
      });
      await provider.start(made.handle, options());
      await hinted.promise;
      watching[Symbol.dispose]();
      const before = hints;
      await provider.stop(made.handle, options());
      expect(hints).toBe(before);
    });

    it("does nothing for a signal that is aborted already", async () => {
      await using made = await makeDevice();
      const aborted = { signal: AbortSignal.abort() };
      const other = { deviceId: randomUUID(), name: "never", spec: harness.spec };
      await expect(provider.create(other, aborted)).rejects.toThrow();
      await expect(provider.start(made.handle, aborted)).rejects.toThrow();
      await expect(provider.wipe(made.handle, aborted)).rejects.toThrow();
      await expect(provider.destroy(made.handle, aborted)).rejects.toThrow();
      await expect(provider.observe(made.handle, aborted)).rejects.toThrow();
      await expect(provider.list(aborted)).rejects.toThrow();
      expect(await provider.observe(made.handle, options())).toMatchObject({ state: "stopped" });
    });
  });
}

function running(seen: Observation): Extract<Observation, { state: "running" }> {
  if (seen.state !== "running") throw new Error(`the device is ${seen.state}, not running`);
  return seen;
}
