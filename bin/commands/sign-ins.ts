import type { Command } from "commander";
import { Fault } from "@cloudphone/shared/fault";
import { withHub } from "../client.ts";
import { print } from "../output.ts";

const whose = "of this account (e-mail address or id) instead of your own (staff)";

/** Where somebody is signed in, and how that is ended from afar. */
export const signInCommands = (program: Command): void => {
  const signIns = program.command("sign-ins").description("where you are signed in");
  signIns
    .command("list", { isDefault: true })
    .option("--account <account>", whose)
    .description("those that may still be used, the newest first")
    .action((flags: { account?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.signIns.list.query({ account: flags.account ?? null });
        print(list, {
          json,
          empty: "Not signed in anywhere.",
          rows: list.map((one) => ({
            since: one.since,
            "last used": one.lastUsedAt,
            from: one.address,
            with: one.client ?? "",
            here: one.current ? "this one" : "",
            id: one.signInId,
          })),
        });
      }),
    );
  signIns
    .command("end")
    .argument("[id]")
    .option("--others", "all but this one")
    .option("--account <account>", whose)
    .description("end a sign-in: its tokens, subscriptions and open sessions are over at once")
    .action(
      (id: string | undefined, flags: { others?: boolean; account?: string }, command: Command) =>
        withHub(command, async ({ client, json }) => {
          const account = flags.account ?? null;
          if ((id === undefined) === !flags.others)
            throw new Fault(
              "bad_input",
              "Say which: an id of `cloudphone sign-ins list`, or --others.",
            );
          const ended =
            id === undefined
              ? await client.signIns.endOthers.mutate({ account })
              : await client.signIns.end.mutate({ signInId: id, account });
          print(ended, { json, rows: [{ "sign-ins ended": String(ended.ended) }] });
        }),
    );
};
