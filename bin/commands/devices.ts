import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { type Client, until, withHub } from "../client.ts";
import { print } from "../output.ts";
import { checkOutputFile } from "../output-file.ts";
import { deviceSettings, labelsOf } from "./device-settings.ts";
import { completed } from "./outcome.ts";
import { cloneCommand } from "./snapshots.ts";

type Device = Awaited<ReturnType<Client["devices"]["show"]["query"]>>;

const row = (device: Device): Record<string, string> => ({
  name: device.name,
  state: device.state,
  power: device.power,
  host: device.hostState,
  lease: device.lease ? `order ${device.lease.orderId}` : device.clean ? "free" : "being wiped",
  labels: labelsOf(device.labels),
  reason: device.reason ?? "",
  id: device.deviceId,
});

const batteryOf = ({ battery }: Device): Record<string, string> => {
  if (!battery) return {};
  const { percent, temperatureC, charging } = battery;
  return { battery: `${percent} %${charging ? ", charging" : ""}, ${temperatureC} °C` };
};

const waitMs = 180_000;

export const deviceCommands = (program: Command): void => {
  const devices = program.command("devices").description("phones");
  devices.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.devices.list.query();
      print(list, {
        json,
        rows: list.map(row),
        empty: "No phones: `cloudphone buy PLAN` gets one.",
      });
    }),
  );
  devices
    .command("show")
    .argument("<device>")
    .action((device: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const found = await client.devices.show.query({ device });
        print(found, { json, rows: [{ ...row(found), ...batteryOf(found) }] });
      }),
    );
  for (const verb of ["start", "stop"] as const)
    devices
      .command(verb)
      .argument("<device>")
      .option("--wait", "until it is done")
      .action((device: string, flags: { wait?: boolean }, command: Command) =>
        withHub(command, async ({ client, json }) => {
          await client.devices[verb].mutate({ device });
          const state = verb === "start" ? "running" : "stopped";
          const show = () => client.devices.show.query({ device });
          const reached = async () => {
            const now = await show();
            if (now.state === "failed")
              throw new Fault("device_failed", `${now.name}: ${now.reason ?? "it failed"}`);
            return now.state === state ? now : null;
          };
          const found = flags.wait ? await until(reached, waitMs, `The ${verb}`) : await show();
          print(found, { json, rows: [row(found)] });
        }),
      );
  devices
    .command("restart")
    .argument("<device>")
    .option("--wait", "until it runs again")
    .action((device: string, flags: { wait?: boolean }, command: Command) =>
      withHub(command, async (hub) => {
        const asked = await hub.client.devices.restart.mutate({
          device,
          idempotencyKey: randomUUID(),
        });
        const outcome = flags.wait
          ? await completed(hub, asked.commandId)
          : { ...asked, state: "pending" };
        print(outcome, { json: hub.json, rows: [{ restart: outcome.state, device }] });
      }),
    );
  devices
    .command("destroy")
    .argument("<device>")
    .action((device: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        print(await client.devices.destroy.mutate({ device }), {
          json,
          rows: [{ destroyed: device }],
        });
      }),
    );
  idleStopCommand(devices);
  deviceSettings(devices);
  cloneCommand(devices);
  program
    .command("screenshot")
    .description("a PNG of a phone's screen")
    .argument("<device>")
    .option("-o, --output <file>", "where to put it (default: DEVICE.png)")
    .action((device: string, flags: { output?: string }, command: Command) =>
      withHub(command, async (hub) => {
        const file = flags.output ?? `${device}.png`;
        await checkOutputFile(file);
        const { commandId } = await hub.client.devices.screenshot.mutate({
          device,
          idempotencyKey: randomUUID(),
        });
        await completed(hub, commandId);
        const response = await fetch(`${hub.url}/screenshots/${commandId}`, {
          headers: await hub.headers(),
          signal: AbortSignal.timeout(30_000),
        });
        if (!response.ok)
          throw new Fault("unavailable", `The hub did not give the picture (${response.status}).`);
        const bytes = Buffer.from(await response.arrayBuffer());
        await writeFile(file, bytes);
        print(
          { file, bytes: bytes.length },
          { json: hub.json, rows: [{ file, bytes: String(bytes.length) }] },
        );
      }),
    );
};

function idleStopCommand(devices: Command): void {
  devices
    .command("idle-stop")
    .argument("<device>")
    .argument("<minutes|never>")
    .description("have it switched off when nobody reaches into it for so long")
    .action((device: string, wish: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const minutes = wish === "never" ? null : Number(wish);
        if (minutes !== null && !/^\d+$/.test(wish))
          throw new Fault("bad_input", "Say after how many minutes, or never.");
        const answer = await client.devices.setIdleStop.mutate({ device, minutes });
        print(answer, { json, rows: [{ device, "switched off after": wish }] });
      }),
    );
}
