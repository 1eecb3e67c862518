import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { type Connection, withHub } from "../client.ts";
import { print } from "../output.ts";
import { completed } from "./outcome.ts";

/** Data of gigabytes may be copied. */
const copyMs = 16 * 60_000;

export const snapshotCommands = (program: Command): void => {
  const snapshots = program.command("snapshots").description("copies of phones' data");
  snapshots.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.snapshots.list.query();
      const rows = list.map((one) => ({
        name: one.name,
        of: one.device,
        state: one.state,
        bytes: one.bytes === null ? "" : String(one.bytes),
        taken: one.takenAt,
        reason: one.reason ?? "",
        id: one.snapshotId,
      }));
      const empty = "No snapshots yet: `cloudphone snapshots create DEVICE` takes one.";
      print(list, { json, rows, empty });
    }),
  );
  snapshots
    .command("create")
    .description("copy all of a phone's data; a running phone is off for that long")
    .argument("<device>")
    .option("--name <name>", "what to call it (default: the phone's name)")
    .action((device: string, { name }: { name?: string }, command: Command) =>
      withHub(command, async (hub) => {
        const { snapshotId, bytes } = await take(hub, device, name ?? null);
        print(
          { snapshotId, bytes },
          { json: hub.json, rows: [{ snapshot: snapshotId, bytes: String(bytes) }] },
        );
      }),
    );
  snapshots
    .command("restore")
    .description("put a snapshot's data in the place of all that is on a phone")
    .argument("<snapshot>")
    .argument("<device>")
    .action((snapshotId: string, device: string, _flags: unknown, command: Command) =>
      withHub(command, async (hub) => {
        await restore(hub, snapshotId, device);
        print({ snapshotId, device }, { json: hub.json, rows: [{ device, has: snapshotId }] });
      }),
    );
  snapshots
    .command("delete")
    .argument("<snapshot>")
    .action((snapshotId: string, _flags: unknown, command: Command) =>
      withHub(command, async (hub) => {
        await remove(hub, snapshotId);
        print({ snapshotId }, { json: hub.json, rows: [{ deleted: snapshotId }] });
      }),
    );
};

/** `devices clone FROM TO`: a snapshot of the one, restored on the other, and gone again. */
export const cloneCommand = (devices: Command): void => {
  devices
    .command("clone")
    .description(
      "put one phone's data in the place of all that is on another of yours, on the same host",
    )
    .argument("<from>")
    .argument("<to>")
    .action((from: string, to: string, _flags: unknown, command: Command) =>
      withHub(command, async (hub) => {
        const { snapshotId, bytes } = await take(hub, from, `clone of ${from}`);
        try {
          await restore(hub, snapshotId, to);
        } finally {
          await remove(hub, snapshotId);
        }
        print({ from, to, bytes }, { json: hub.json, rows: [{ from, to, bytes: String(bytes) }] });
      }),
    );
};

async function take(hub: Connection, device: string, name: string | null) {
  const { commandId, snapshotId } = await hub.client.snapshots.create.mutate({
    device,
    name,
    idempotencyKey: randomUUID(),
  });
  const { result } = await completed(hub, commandId, copyMs);
  return { snapshotId, bytes: Number(result?.bytes ?? 0) };
}

async function restore(hub: Connection, snapshotId: string, device: string): Promise<void> {
  const { commandId } = await hub.client.snapshots.restore.mutate({
    snapshotId,
    device,
    idempotencyKey: randomUUID(),
  });
  await completed(hub, commandId, copyMs);
}

async function remove(hub: Connection, snapshotId: string): Promise<void> {
  const { commandId } = await hub.client.snapshots.delete.mutate({
    snapshotId,
    idempotencyKey: randomUUID(),
  });
  await completed(hub, commandId);
}
