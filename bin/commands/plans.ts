import { randomUUID } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import { formatMinor, parseMinor } from "@cloudphone/shared/money";
import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";
import { numberOf, sizeOf } from "./device-settings.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

type Plan = Awaited<ReturnType<Client["plans"]["list"]["query"]>>[number];

const hours = (ms: number): string => `${(ms / hourMs).toFixed(ms % hourMs === 0 ? 0 : 2)} h`;

const row = (plan: Plan): Record<string, string> => ({
  plan: plan.name,
  price: formatMinor(plan.priceMinor, plan.currency),
  included: hours(plan.includedMs),
  "then per hour": formatMinor(plan.hourlyMinor, plan.currency),
  for: plan.leaseMs === null ? "as long as you like" : `${Math.round(plan.leaseMs / dayMs)} days`,
  about: `${plan.description}${plan.demo ? " (demo)" : ""}`,
});

/** What is sold; staff put plans on sale and take them off. */
export const planCommands = (program: Command): void => {
  const plans = program
    .command("plans")
    .description("what can be bought")
    .action((_flags: unknown, command: Command) =>
      withHub(
        command,
        async ({ client, json }) => {
          const list = await client.plans.list.query();
          print(list, { json, rows: list.map(row), empty: "Nothing is for sale yet." });
        },
        { anyone: true },
      ),
    );
  plans
    .command("create")
    .description("put a plan on sale (staff)")
    .argument("<name>")
    .requiredOption("--provider <kind>", "what makes its phones: docker, usb or simulated")
    .requiredOption("--image <image>", "docker: an image; usb: a model, a serial, or any")
    .requiredOption("--hourly <amount>", "for each hour that the phone runs, like 0.80")
    .option("--price <amount>", "to be paid once", "0")
    .option("--included <hours>", "running time that the price covers", "0")
    .option("--days <n>", "how long it is let (default: until it is given back)")
    .option("--about <text>", "a sentence for whoever buys it", "")
    .option("--size <size>", "of the screen, in pixels", "720x1280")
    .option("--dpi <dpi>", "dots per inch", "320")
    .option("--memory <mib>", "MiB", "2048")
    .option("--cpus <n>", "processors", "2")
    .option("--property <name=value...>", "settings, like androidboot.redroid_fps=60")
    .option("--replaces <plan>", "the plan whose place it takes; orders keep the terms they had")
    .action((name: string, flags: PlanFlags, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const offer = offerOf(name, flags);
        const replaces =
          flags.replaces === undefined ? null : (await planNamed(client, flags.replaces)).id;
        const plan = await client.plans.create.mutate({
          ...offer,
          replaces,
          idempotencyKey: randomUUID(),
        });
        print(plan, { json, rows: [row(plan)] });
      }),
    );
  plans
    .command("retire")
    .description("take a plan off sale; orders of it go on (staff)")
    .argument("<plan>", "its name or id")
    .action((wanted: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const { id, name } = await planNamed(client, wanted);
        await client.plans.retire.mutate({ planId: id });
        print({ planId: id, name }, { json, rows: [{ plan: name, is: "off sale" }] });
      }),
    );
};

/** The plan on sale of that name or id. */
export async function planNamed(client: Client, wanted: string): Promise<Plan> {
  const plan = (await client.plans.list.query()).find(
    ({ id, name }) => id === wanted || name.toLowerCase() === wanted.toLowerCase(),
  );
  if (plan) return plan;
  throw new Fault("not_found", `There is no plan ${wanted}; \`cloudphone plans\` shows them.`);
}

export interface PlanFlags {
  readonly provider: string;
  readonly image: string;
  readonly hourly: string;
  readonly price: string;
  readonly included: string;
  readonly days?: string;
  readonly about: string;
  readonly size: string;
  readonly dpi: string;
  readonly memory: string;
  readonly cpus: string;
  readonly property?: string[];
  readonly replaces?: string;
}

/** What the flags say, in the hub's words. Pure. */
export function offerOf(name: string, flags: PlanFlags) {
  return {
    name,
    description: flags.about,
    priceMinor: amountOf(flags.price),
    hourlyMinor: amountOf(flags.hourly),
    includedMs: Math.round(numberOf(flags.included) * hourMs),
    leaseMs: flags.days === undefined ? null : Math.round(numberOf(flags.days) * dayMs),
    spec: {
      provider: flags.provider,
      image: flags.image,
      ...sizeOf(flags.size),
      dpi: numberOf(flags.dpi),
      memoryMiB: numberOf(flags.memory),
      cpus: numberOf(flags.cpus),
      properties: Object.fromEntries((flags.property ?? []).map(propertyOf)),
    },
  };
}

function amountOf(text: string): number {
  const minor = parseMinor(text);
  if (minor === null || minor < 0)
    throw new Fault("bad_input", `${text} is no price; write it like 20 or 19.90.`);
  return minor;
}

function propertyOf(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1)
    throw new Fault(
      "bad_input",
      `"${text}" is no setting; write it like androidboot.redroid_fps=60.`,
    );
  return [text.slice(0, at), text.slice(at + 1)];
}
