import { Fault } from "@cloudphone/shared/fault";
import { type Command, Option } from "commander";
import { type Client, withHub } from "../client.ts";
import { findingsText } from "../findings.ts";
import { clean, print } from "../output.ts";

interface Health {
  readonly fails: number;
  readonly warnings: number;
  readonly fits: number | null;
}

const healthInWords = ({ fails, warnings, fits }: Health): string => {
  const found = [fails > 0 && `${fails} failed`, warnings > 0 && `${warnings} to mind`].filter(
    Boolean,
  );
  const room = fits === null ? "" : `; room for ${fits}`;
  return `${found.length > 0 ? found.join(", ") : "all well"}${room}`;
};

const leasesInWords = {
  keep: "run to their own end",
  end: "end now",
  move: "move to other hosts",
} as const;

const stateInWords = ({ state, drain, leases }: HostState): string => {
  if (!drain) return state;
  return leases > 0 ? `${state}, emptied: ${leases} still leased` : `${state}, empty`;
};

interface HostState {
  readonly state: string;
  readonly drain: object | null;
  readonly leases: number;
}

export const hostCommands = (program: Command): void => {
  const hosts = program.command("hosts").description("the machines that phones run on (staff)");
  hosts
    .command("list", { isDefault: true })
    .option("--search <text>", "part of a name, or the beginning of an id")
    .addOption(
      new Option("--state <state>").choices(["enrolled", "connected", "suspected", "lost"]),
    )
    .action(listHosts);
  hosts
    .command("load")
    .argument("<host>", "name or id")
    .option("--hours <count>", "of the past, 48 at most", "2")
    .description("how busy it was, five minutes a line")
    .action((host: string, { hours }: { hours: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const { hostId } = await client.hosts.show.query({ host });
        const list = await client.hosts.load.query({ hostId, hours: Number(hours) });
        const rows = list.map((point) => ({
          from: point.at,
          load: point.load.toFixed(2),
          "at most": point.loadPeak.toFixed(2),
          phones: String(point.running),
          "free memory": `${Math.round(point.freeMemoryMiB)} MiB`,
        }));
        print(list, { json, rows, empty: "It told nothing in that time." });
      }),
    );
  hosts
    .command("show")
    .argument("<host>", "id or name")
    .description("what a host is, and what its doctor found")
    .action((name: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const host = await client.hosts.show.query({ host: name });
        const { hostId, state, agentVersion, devices, health } = host;
        const rows = [
          {
            name: host.name,
            state,
            agent: agentVersion ?? "",
            phones: String(devices),
            seen: host.lastSeenAt ?? "never",
            id: hostId,
          },
        ];
        print(host, { json, rows });
        if (json) return;
        for (const { kind, available, reason, capacity } of host.providers)
          process.stdout.write(
            `  ${kind}: ${[available ? `${capacity} phones at most.` : "", clean(reason ?? "")].join(" ").trim() || "not available"}\n`,
          );
        process.stdout.write(
          health
            ? `\nLooked at on ${health.checkedAt}:\n${findingsText(host.findings, host.room)}`
            : "\nIts agent has not looked at the machine yet.\n",
        );
      }),
    );
  hosts
    .command("enroll-token")
    .description("a one-time token for `cloudphone enroll` on a new host")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const made = await client.hosts.createEnrollment.mutate({});
        print(made, { json, rows: [{ token: made.token, "good until": made.expiresAt }] });
      }),
    );
  drainCommands(hosts);
  hosts
    .command("remove")
    .argument("<host-id>")
    .requiredOption("--reason <text>")
    .action((hostId: string, { reason }: { reason: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const answer = await client.hosts.remove.mutate({ hostId, reason });
        print(answer, { json, rows: [{ removed: hostId }] });
      }),
    );
};

interface Filter {
  readonly search?: string;
  readonly state?: "enrolled" | "connected" | "suspected" | "lost";
}

type Host = Awaited<ReturnType<Client["hosts"]["list"]["query"]>>[number];

const pageSize = 1000;

/** All of them: whoever runs many hosts wants to count, sort and search what is printed. */
async function listHosts(filter: Filter, command: Command): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const found: Host[] = [];
    for (let page: Host[] | null = null; page === null || page.length === pageSize; ) {
      const after = found.at(-1)?.hostId;
      page = await client.hosts.list.query({ ...filter, limit: pageSize, ...(after && { after }) });
      found.push(...page);
    }
    const rows = found.map((host) => ({
      name: host.name,
      state: stateInWords(host),
      phones: String(host.devices),
      capacity: host.providers.map(({ kind, capacity }) => `${kind} ${capacity}`).join(", "),
      checks: host.health ? healthInWords(host.health) : "none yet",
      seen: host.lastSeenAt ?? "never",
      id: host.hostId,
    }));
    const isNarrowed = filter.search !== undefined || filter.state !== undefined;
    const none = "No hosts yet: `cloudphone hosts enroll-token` begins one.";
    print(found, { json, rows, empty: isNarrowed ? "No such hosts." : none });
  });
}

function drainCommands(hosts: Command): void {
  hosts
    .command("drain")
    .argument("<host-id>")
    .requiredOption("--reason <text>")
    .option("--end", "end the leases that run there now")
    .option("--move", "give their customers empty phones on other hosts")
    .description("empty a host: nothing new is placed there")
    .action(
      (
        hostId: string,
        flags: { reason: string; end?: boolean; move?: boolean },
        command: Command,
      ) =>
        withHub(command, async ({ client, json }) => {
          if (flags.end && flags.move)
            throw new Fault("bad_input", "Give --end or --move, not both.");
          const leases = flags.move ? "move" : flags.end ? "end" : "keep";
          const answer = await client.hosts.drain.mutate({ hostId, reason: flags.reason, leases });
          print(answer, { json, rows: [{ emptied: hostId, "its leases": leasesInWords[leases] }] });
        }),
    );
  hosts
    .command("undrain")
    .argument("<host-id>")
    .description("let it take phones again")
    .action((hostId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const answer = await client.hosts.undrain.mutate({ hostId });
        print(answer, { json, rows: [{ "takes phones again": hostId }] });
      }),
    );
}
