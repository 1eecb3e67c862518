import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { AdbDevice } from "../adb/adb.ts";
import type { Handle, Provider, Snapshots } from "./provider.ts";

interface Bench {
  provider(): Provider;
  identity(device: AdbDevice): Promise<string>;
  makeDevice(): Promise<AsyncDisposable & { handle: Handle }>;
  boot(handle: Handle): Promise<AdbDevice>;
}

const options = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(60_000) });
const call = { timeoutMs: 10_000 };
const file = "/data/local/tmp/snapshot-trace";

/** The promises of `Snapshots`, as tests inside a provider's suite. */
export function snapshotContract({ provider, identity, makeDevice, boot }: Bench): void {
  const snapshots = (): Snapshots => {
    const ability = provider().snapshots;
    if (!ability) throw new Error("the provider has no snapshots");
    return ability;
  };
  const mark = async (handle: Handle, value: string): Promise<void> => {
    const device = await boot(handle);
    await device.shell(["settings", "put", "global", "snapshot_trace", value], call);
    await device.shell(["sh", "-c", `echo ${value} > ${file}`], call);
    await device.close();
    await provider().stop(handle, options());
  };
  const look = async (handle: Handle): Promise<{ marks: string[]; identity: string }> => {
    const device = await boot(handle);
    const setting = await device.shell(["settings", "get", "global", "snapshot_trace"], call);
    const content = await device.shell(["cat", file], call);
    const seen = {
      marks: [setting.output.trim(), content.output.trim()],
      identity: await identity(device),
    };
    await device.close();
    await provider().stop(handle, options());
    return seen;
  };

  it("brings a device's data back as it was, though the device was wiped since", async () => {
    await using made = await makeDevice();
    await mark(made.handle, "one");
    const snapshotId = randomUUID();
    const { bytes } = await snapshots().create(made.handle, snapshotId, options());
    expect(bytes).toBeGreaterThan(0);
    await mark(made.handle, "two");
    const wiped = await provider().wipe(made.handle, options());
    const before = await look(wiped);
    expect(before.marks).not.toContain("one");
    const restored = await snapshots().restore(wiped, snapshotId, options());
    expect(await look(restored)).toEqual({ marks: ["one", "one"], identity: before.identity });
    await provider().destroy(restored, options());
    await snapshots().delete(snapshotId, options());
  });

  it("makes a clone of another device, which keeps its own identity", async () => {
    await using origin = await makeDevice();
    await using other = await makeDevice();
    await mark(origin.handle, "origin");
    await mark(other.handle, "other");
    const [first, second] = [await look(origin.handle), await look(other.handle)];
    const snapshotId = randomUUID();
    await snapshots().create(origin.handle, snapshotId, options());
    const clone = await snapshots().restore(other.handle, snapshotId, options());
    expect(await look(clone)).toEqual({ marks: ["origin", "origin"], identity: second.identity });
    expect(await look(origin.handle)).toEqual(first);
    await provider().destroy(clone, options());
    await snapshots().delete(snapshotId, options());
  });

  it("answers a repeated request for what it has, and keeps it when its device is gone", async () => {
    const snapshotId = randomUUID();
    {
      await using made = await makeDevice();
      await mark(made.handle, "kept");
      const first = await snapshots().create(made.handle, snapshotId, options());
      expect(await snapshots().create(made.handle, snapshotId, options())).toEqual(first);
    }
    expect(await snapshots().list(options())).toContain(snapshotId);
    await snapshots().delete(snapshotId, options());
    await snapshots().delete(snapshotId, options());
    expect(await snapshots().list(options())).not.toContain(snapshotId);
  });

  it("copies and restores only what is off, and only what there is", async () => {
    await using made = await makeDevice();
    const restore = snapshots().restore(made.handle, randomUUID(), options());
    await expect(restore).rejects.toMatchObject({ code: "not_found" });
    const snapshotId = randomUUID();
    await snapshots().create(made.handle, snapshotId, options());
    const device = await boot(made.handle);
    const conflict = { code: "conflict" };
    await expect(snapshots().create(made.handle, randomUUID(), options())).rejects.toMatchObject(
      conflict,
    );
    await expect(snapshots().restore(made.handle, snapshotId, options())).rejects.toMatchObject(
      conflict,
    );
    await device.close();
    await snapshots().delete(snapshotId, options());
  });
}
