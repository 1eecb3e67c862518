import { text } from "node:stream/consumers";
import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { ask } from "../ask.ts";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
import { paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";
import { dropSession, loadSession, saveSession } from "../session.ts";

export const accountCommands = (program: Command): void => {
  program
    .command("login")
    .description(
      "sign in; the password is asked for, or taken from CLOUDPHONE_PASSWORD or standard input",
    )
    .option("--email <email>")
    .option("--password-stdin", "read the password from standard input")
    .action(async (flags: { email?: string; passwordStdin?: boolean }, command: Command) => {
      await withHub(
        command,
        async ({ client, url, json }) => {
          const email = flags.email ?? (await ask("E-mail: "));
          const password = flags.passwordStdin
            ? (await text(process.stdin)).trim()
            : (process.env.CLOUDPHONE_PASSWORD ?? (await ask("Password: ", true)));
          const session = await client.accounts.login.mutate({ email, password });
          const { accessToken, accessExpiresAt, refreshToken, user } = session;
          await saveSession({ url, email: user.email, accessToken, accessExpiresAt, refreshToken });
          print(user, { json, rows: [{ "signed in as": user.email, role: user.role, at: url }] });
          if (user.passwordIsTemporary)
            console.error(
              "Your password is temporary: choose your own with `cloudphone password`.",
            );
        },
        { anyone: true },
      );
    });
  program
    .command("logout")
    .description("end this sign-in")
    .action(async (_flags: unknown, command: Command) => {
      const session = await loadSession();
      try {
        if (session)
          await withHub(command, ({ client }) =>
            client.accounts.logout.mutate({ refreshToken: session.refreshToken }),
          );
      } finally {
        // Here it is over in any case, also when the hub can't be told or knows it already.
        await dropSession();
      }
    });
  program
    .command("whoami")
    .description("who is signed in, and where")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, url, json }) => {
        const me = await client.accounts.me.query();
        print(me, { json, rows: [{ email: me.email, role: me.role, hub: url }] });
      }),
    );
  const accounts = program.command("accounts").description("accounts (staff)");
  paged(accounts.command("list"))
    .option("--search <text>", "part of an address, or the beginning of an id")
    .action(({ search, ...page }: PageFlags & { search?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.accounts.list.query({
          ...(search ? { search } : {}),
          ...pageOf(page),
        });
        const rows = list.map(({ email, role, demo, userId }) => ({
          email,
          role,
          demo: demo ? "demo" : "",
          id: userId,
        }));
        print(list, { json, rows, empty: "No such account." });
        if (!json) tellEarlier(list, page, list.at(-1)?.userId);
      }),
    );
  accounts
    .command("create")
    .argument("<email>")
    .option(
      "--role <role>",
      "customer, operator, admin, or one of `cloudphone roles list`",
      "customer",
    )
    .description(
      "make an account; its password is asked for, or taken from CLOUDPHONE_NEW_PASSWORD",
    )
    .action((email: string, flags: { role: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const password = process.env.CLOUDPHONE_NEW_PASSWORD ?? (await ask("New password: ", true));
        const made = await client.accounts.create.mutate({
          email,
          password,
          role: flags.role,
          idempotencyKey: randomUUID(),
        });
        print(made, { json, rows: [{ created: made.email, id: made.userId }] });
      }),
    );
  changes(program, accounts);
};

/** What becomes of an account later. */
function changes(program: Command, accounts: Command): void {
  accounts
    .command("set-role")
    .argument("<account>", "its e-mail address or id")
    .argument("<role>")
    .description("give an account another role; it holds from its next call on")
    .action((account: string, role: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const changed = await client.accounts.setRole.mutate({ account, role });
        print(changed, { json, rows: [{ account: changed.email, role: changed.role }] });
      }),
    );
  accounts
    .command("reset-password")
    .argument("<account>", "its e-mail address or id")
    .option("--revoke-keys", "its API keys too: the account fell into wrong hands")
    .description("a temporary password, shown this once; every sign-in of the account ends")
    .action((account: string, flags: { revokeKeys?: boolean }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const wish = { account, revokeKeys: flags.revokeKeys ?? false };
        const reset = await client.accounts.resetPassword.mutate(wish);
        const row = {
          account: reset.email,
          "temporary password, shown this once": reset.password,
          "sign-ins ended": String(reset.endedSignIns),
        };
        print(reset, { json, rows: [row] });
      }),
    );
  program
    .command("password")
    .description(
      "change your password; asked for, or taken from CLOUDPHONE_PASSWORD and CLOUDPHONE_NEW_PASSWORD",
    )
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const current = process.env.CLOUDPHONE_PASSWORD ?? (await ask("Present password: ", true));
        const password = process.env.CLOUDPHONE_NEW_PASSWORD ?? (await ask("New password: ", true));
        const changed = await client.accounts.changePassword.mutate({ current, password });
        const rows = [{ changed: "yes", "other sign-ins ended": String(changed.endedSignIns) }];
        print(changed, { json, rows });
      }),
    );
}
