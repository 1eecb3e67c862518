import { type Command, InvalidArgumentError } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";

type Standing = Awaited<ReturnType<Client["quotas"]["show"]["query"]>>;

const rows = ({ limits, used }: Standing): Record<string, string>[] => [
  { what: "phones", have: String(used.devices), most: String(limits.devices) },
  { what: "storage", have: mebibytes(used.storageBytes), most: mebibytes(limits.storageBytes) },
  { what: "open sessions", have: String(used.sessions), most: String(limits.sessions) },
];

const mebibytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

interface Flags {
  readonly devices?: number | null;
  readonly storageMib?: number | null;
  readonly sessions?: number | null;
}

/** How much one account may have at a time. */
export const quotaCommands = (program: Command): void => {
  const quotas = program.command("quotas").description("what your account may have at a time");
  quotas
    .command("show", { isDefault: true })
    .option("--account <account>", "another one: its e-mail address or id (staff)")
    .action((flags: { account?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const standing = await client.quotas.show.query({ account: flags.account ?? null });
        print(standing, { json, rows: rows(standing) });
      }),
    );
  quotas
    .command("set")
    .argument("<account>", "its e-mail address or id")
    .option("--devices <n>", "phones; `default`: as everybody's", figure)
    .option("--storage-mib <n>", "apps and snapshots together", figure)
    .option("--sessions <n>", "screens, shells and adb at once", figure)
    .description("give an account more or less; what it has beyond that stays (staff)")
    .action((account: string, flags: Flags, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const { devices, storageMib, sessions } = flags;
        const storageBytes = typeof storageMib === "number" ? storageMib * 1024 ** 2 : storageMib;
        const standing = await client.quotas.set.mutate({
          ...{ account, devices, storageBytes, sessions },
        });
        print(standing, { json, rows: rows(standing) });
      }),
    );
};

function figure(text: string): number | null {
  if (text === "default") return null;
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number))
    throw new InvalidArgumentError("It is a whole number, 0 or more, or `default`.");
  return number;
}
