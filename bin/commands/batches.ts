import { randomUUID } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { type Client, type Connection, until, withHub } from "../client.ts";
import { print } from "../output.ts";

type Batch = Awaited<ReturnType<Client["apps"]["batch"]["query"]>>;
type Targets = Parameters<Client["apps"]["installBatch"]["mutate"]>[0]["targets"];

export interface TargetFlags {
  readonly devices?: string;
  readonly all?: boolean;
  readonly label?: string[];
  readonly parallel?: string;
  readonly wait?: boolean;
}

const dayMs = 24 * 60 * 60_000;

export const meansMany = ({ devices, all, label }: TargetFlags): boolean =>
  devices !== undefined || all === true || label !== undefined;

/** `apps install APP --devices a,b`: begins a batch; with --wait shows each phone's way until all have ended. */
export function installOnMany(command: Command, app: string, flags: TargetFlags): Promise<void> {
  return withHub(command, async (hub) => {
    const { batchId } = await hub.client.apps.installBatch.mutate({
      app,
      targets: targetsOf(flags),
      parallel: flags.parallel === undefined ? null : Number(flags.parallel),
      idempotencyKey: randomUUID(),
    });
    const batch = flags.wait
      ? await follow(hub, batchId)
      : await hub.client.apps.batch.query({ batchId });
    show(batch, hub.json);
    const { failed, cancelled } = batch.counts;
    if (flags.wait && failed + cancelled > 0)
      throw new Fault(
        "install_failed",
        `${failed + cancelled} of ${batch.items.length} phones did not get the app.`,
      );
  });
}

export const batchCommands = (apps: Command): void => {
  apps
    .command("batches")
    .description("installs on many phones at once; with an id, each phone of one")
    .argument("[batch]")
    .action((batchId: string | undefined, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        if (batchId !== undefined) return show(await client.apps.batch.query({ batchId }), json);
        const list = await client.apps.batches.query();
        const rows = list.map((batch) => ({
          package: batch.packageName,
          ...Object.fromEntries(
            Object.entries(batch.counts).map(([name, count]) => [name, String(count)]),
          ),
          requested: batch.requestedAt,
          ended: batch.endedAt ?? "",
          id: batch.batchId,
        }));
        print(list, { json, rows, empty: "No batches yet: `cloudphone apps install APP --all`." });
      }),
    );
  apps
    .command("cancel")
    .description("end a batch: phones that have not begun get nothing")
    .argument("<batch>")
    .action((batchId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const answer = await client.apps.cancelBatch.mutate({ batchId });
        print(answer, { json, rows: [{ batch: batchId, cancel: "asked for" }] });
      }),
    );
};

function targetsOf({ devices, all, label }: TargetFlags): Targets {
  if ([devices, all, label].filter((flag) => flag !== undefined).length !== 1)
    throw new Fault("bad_input", "Say one of --devices, --all and --label.");
  if (all) return { all };
  if (label) return { labels: Object.fromEntries(label.map(labelOf)) };
  const names = (devices ?? "").split(",").map((name) => name.trim());
  return { devices: names.filter((name) => name !== "") };
}

/** "team=checkout" */
export function labelOf(text: string): [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new Fault("bad_input", `"${text}" is no label; write it like team=checkout.`);
  return [name, value];
}

/** Until nothing of it waits or is under way any more; each change is a line for whoever looks on. */
async function follow({ client, json }: Connection, batchId: string): Promise<Batch> {
  const told = new Map<string, string>();
  return until(
    async () => {
      const batch = await client.apps.batch.query({ batchId });
      for (const { device, status, reason } of batch.items) {
        if (told.get(device) === status) continue;
        told.set(device, status);
        if (!json && status !== "waiting")
          process.stderr.write(`${device}  ${status}${reason ? `: ${reason}` : ""}\n`);
      }
      const { waiting, installing } = batch.counts;
      return batch.endedAt !== null && waiting + installing === 0 ? batch : null;
    },
    dayMs,
    "The batch",
  );
}

function show(batch: Batch, json: boolean): void {
  const rows = batch.items.map(({ device, status, reason }) => ({
    device,
    status,
    reason: reason ?? "",
  }));
  print(batch, { json, rows });
  if (!json) process.stdout.write(`\nbatch ${batch.batchId}\n`);
}
