import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { Fault } from "@cloudphone/shared/fault";
import { roles } from "@cloudphone/shared/events/user";
import { randomUUID } from "node:crypto";
import { type Command, Option } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
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
  accounts.command("list").action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.accounts.list.query();
      print(list, {
        json,
        rows: list.map(({ email, role, demo, userId }) => ({
          email,
          role,
          demo: demo ? "demo" : "",
          id: userId,
        })),
      });
    }),
  );
  accounts
    .command("create")
    .argument("<email>")
    .addOption(new Option("--role <role>").choices([...roles]).default("customer"))
    .description(
      "make an account; its password is asked for, or taken from CLOUDPHONE_NEW_PASSWORD",
    )
    .action((email: string, flags: { role: (typeof roles)[number] }, command: Command) =>
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
};

/** Asks at the terminal; a hidden answer is not echoed. */
async function ask(question: string, hidden = false): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Fault(
      "bad_input",
      `${question.replace(": ", "")} is missing and there is no terminal to ask at.`,
    );
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({
    input: process.stdin,
    output: hidden ? silent : process.stderr,
    terminal: true,
  });
  try {
    return (await terminal.question("")).trim();
  } finally {
    terminal.close();
    if (hidden) process.stderr.write("\n");
  }
}
