import { randomUUID } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { type Client, type Connection, withHub } from "../client.ts";
import { print } from "../output.ts";
import { labelOf } from "./batches.ts";
import { completed } from "./outcome.ts";

type Devices = Client["devices"];
type Rotation = Parameters<Devices["rotate"]["mutate"]>[0]["rotation"];
type Rows = Record<string, string>[];

interface Asked {
  readonly commandId: string;
}

/** Asks for an operation, waits for its outcome and prints what the phone said. */
export function operate(
  command: Command,
  ask: (hub: Connection, key: { idempotencyKey: string }) => Promise<Asked>,
  show: { rows: (result: Record<string, unknown>) => Rows; empty?: string },
): Promise<void> {
  return withHub(command, async (hub) => {
    const { commandId } = await ask(hub, { idempotencyKey: randomUUID() });
    const { deviceId: _device, ...result } = (await completed(hub, commandId)).result ?? {};
    const { rows, ...words } = show;
    print(result, { json: hub.json, rows: rows(result), ...words });
  });
}

/** `devices inspect`, `rotate`, `locate`, …: what a phone is set to. */
export const deviceSettings = (devices: Command): void => {
  devices
    .command("inspect")
    .description("what a phone says of itself: version, screen, locale, time zone, proxy")
    .argument("<device>")
    .action((device: string, _flags: unknown, command: Command) =>
      operate(command, ({ client }, key) => client.devices.inspect.mutate({ device, ...key }), {
        rows: (result) => describe(result as unknown as Inspected),
      }),
    );
  devices
    .command("rotate")
    .description("turn the screen: 0, 90, 180 or 270 degrees to the left, or auto")
    .argument("<device>")
    .argument("<rotation>")
    .action((device: string, degrees: string, _flags: unknown, command: Command) => {
      const rotation = (degrees === "auto" ? degrees : numberOf(degrees)) as Rotation;
      return operate(
        command,
        ({ client }, key) => client.devices.rotate.mutate({ device, rotation, ...key }),
        { rows: rowOf("rotation", "autoRotate") },
      );
    });
  devices
    .command("resize")
    .description("override the screen's size and density, or take that back with `reset`")
    .argument("<device>")
    .option("--size <size>", "WIDTHxHEIGHT in pixels, or reset")
    .option("--dpi <dpi>", "dots per inch, or reset")
    .action((device: string, flags: { size?: string; dpi?: string }, command: Command) => {
      const { size, dpi } = flags;
      const wish = {
        ...(size === undefined ? {} : { size: size === "reset" ? null : sizeOf(size) }),
        ...(dpi === undefined ? {} : { dpi: dpi === "reset" ? null : numberOf(dpi) }),
      };
      if (Object.keys(wish).length === 0)
        throw new Fault("bad_input", "Say --size, --dpi, or both.");
      return operate(
        command,
        ({ client }, key) => client.devices.resize.mutate({ device, ...wish, ...key }),
        { rows: rowOf("width", "height", "dpi") },
      );
    });
  placeSettings(devices);
  propertySettings(devices);
  labelCommand(devices);
};

function placeSettings(devices: Command): void {
  devices
    .command("locate")
    .description("give the phone a mock location; --off gives its own back")
    .argument("<device>")
    .argument("[place...]", "LATITUDE LONGITUDE in degrees; south and west are negative")
    .option("--accuracy <meters>", "", "5")
    .option("--off")
    .action((device: string, place: string[], flags: LocateFlags, command: Command) => {
      const accuracyMeters = numberOf(flags.accuracy);
      const location = flags.off ? null : { ...placeOf(place), accuracyMeters };
      return operate(
        command,
        ({ client }, key) => client.devices.locate.mutate({ device, location, ...key }),
        {
          rows: (result) =>
            result.location
              ? rowOf("latitude", "longitude", "accuracyMeters")(result.location)
              : [{ location: "the phone's own" }],
        },
      );
    });
  devices
    .command("locale")
    .description("set the language and region; holds from the phone's next start on")
    .argument("<device>")
    .argument("<locale>", "like de-DE")
    .action((device: string, locale: string, _flags: unknown, command: Command) =>
      operate(
        command,
        ({ client }, key) => client.devices.setLocale.mutate({ device, locale, ...key }),
        {
          rows: ({ needsRestart }) => [
            {
              locale,
              holds: needsRestart ? `after \`cloudphone devices restart ${device}\`` : "now",
            },
          ],
        },
      ),
    );
  devices
    .command("timezone")
    .argument("<device>")
    .argument("<zone>", "like Europe/Berlin")
    .action((device: string, timeZone: string, _flags: unknown, command: Command) =>
      operate(
        command,
        ({ client }, key) => client.devices.setTimeZone.mutate({ device, timeZone, ...key }),
        { rows: rowOf("timeZone") },
      ),
    );
  devices
    .command("proxy")
    .description("the HTTP proxy of the whole phone")
    .argument("<device>")
    .argument("<proxy>", "HOST:PORT, or none")
    .action((device: string, text: string, _flags: unknown, command: Command) => {
      const proxy = text === "none" ? null : proxyOf(text);
      return operate(
        command,
        ({ client }, key) => client.devices.setProxy.mutate({ device, proxy, ...key }),
        { rows: () => [{ proxy: text }] },
      );
    });
}

interface LocateFlags {
  readonly accuracy: string;
  readonly off?: boolean;
}

function propertySettings(devices: Command): void {
  devices
    .command("getprop")
    .description("the phone's properties")
    .argument("<device>")
    .argument("[prefix]", "only those whose name begins so", "")
    .action((device: string, prefix: string, _flags: unknown, command: Command) =>
      operate(
        command,
        ({ client }, key) => client.devices.getprop.mutate({ device, prefix, ...key }),
        {
          rows: ({ properties }) =>
            Object.entries(properties as Record<string, string>)
              .toSorted(([a], [b]) => a.localeCompare(b))
              .map(([name, value]) => ({ name, value })),
          empty: "No property's name begins so.",
        },
      ),
    );
  devices
    .command("setprop")
    .argument("<device>")
    .argument("<property...>", "NAME VALUE")
    .action((device: string, property: string[], _flags: unknown, command: Command) => {
      const [name = "", ...words] = property;
      const value = words.join(" ");
      return operate(
        command,
        ({ client }, key) => client.devices.setprop.mutate({ device, name, value, ...key }),
        { rows: rowOf("name", "value") },
      );
    });
}

function labelCommand(devices: Command): void {
  devices
    .command("label")
    .description("mark a phone, to mean several at once; a lone NAME- takes its label away")
    .argument("<device>")
    .argument("<labels...>", "NAME=VALUE or NAME-")
    .action((device: string, words: string[], _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const labels = Object.fromEntries(
          words.map((word) =>
            word.endsWith("-") && !word.includes("=") ? [word.slice(0, -1), null] : labelOf(word),
          ),
        );
        const answer = await client.devices.label.mutate({ device, labels });
        print(answer, { json, rows: [{ device, labels: labelsOf(answer.labels) }] });
      }),
    );
}

export const labelsOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

/** Also as maps copy it: "52.52, 13.405". */
function placeOf(words: readonly string[]): { latitude: number; longitude: number } {
  const [latitude, longitude, ...more] = words.join(" ").split(/[\s,]+/);
  if (!latitude || !longitude || more.length > 0)
    throw new Fault(
      "bad_input",
      "Say where: LATITUDE LONGITUDE in degrees, like 52.52 13.405; or --off.",
    );
  return { latitude: numberOf(latitude), longitude: numberOf(longitude) };
}

export function numberOf(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number))
    throw new Fault("bad_input", `"${text}" is no number.`);
  return number;
}

export function sizeOf(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (!width || !height)
    throw new Fault("bad_input", `"${text}" is no size; write it like 720x1280.`);
  return { width: Number(width), height: Number(height) };
}

function proxyOf(text: string): { host: string; port: number } {
  const [, host, port] = /^([^:]+):(\d+)$/.exec(text) ?? [];
  if (!host || !port)
    throw new Fault("bad_input", `"${text}" is no proxy; write it like proxy.example.com:8080.`);
  return { host, port: Number(port) };
}

/** One row of a result, in this order: the hub's database keeps none. */
const rowOf =
  (...names: string[]) =>
  (result: object): Rows => [
    Object.fromEntries(
      names.map((name) => [name, String((result as Record<string, unknown>)[name] ?? "")]),
    ),
  ];

/** What the command line shows of `device.inspect`. */
interface Inspected {
  readonly android: string;
  readonly sdk: number;
  readonly model: string;
  readonly screen: Record<
    "width" | "height" | "dpi" | "panelWidth" | "panelHeight" | "panelDpi" | "rotation",
    number
  > & { readonly fps: number | null; readonly autoRotate: boolean };
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly proxy: { readonly host: string; readonly port: number } | null;
}

function describe({ android, sdk, model, screen, locale, timeZone, proxy }: Inspected): Rows {
  const turn = screen.autoRotate ? "as the phone is held" : `${screen.rotation} degrees`;
  return [
    { what: "model", is: model },
    { what: "Android", is: `${android} (API ${sdk})` },
    { what: "screen", is: `${screen.width}x${screen.height}, ${screen.dpi} dpi` },
    {
      what: "panel",
      is: `${screen.panelWidth}x${screen.panelHeight}, ${screen.panelDpi} dpi, ${screen.fps ?? "?"} fps`,
    },
    { what: "rotation", is: turn },
    { what: "locale", is: locale ?? "unknown" },
    { what: "time zone", is: timeZone ?? "unknown" },
    { what: "proxy", is: proxy ? `${proxy.host}:${proxy.port}` : "none" },
  ];
}
