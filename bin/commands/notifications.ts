import { type NotificationKind, notificationKindSchema } from "@cloudphone/shared/notifications";
import { Fault } from "@cloudphone/shared/fault";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { clean, print } from "../output.ts";
import { paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";

export const notificationCommands = (program: Command): void => {
  const notifications = program
    .command("notifications")
    .description("what you were told: low balance, failed orders and installs, lost phones, …");
  paged(notifications.command("list", { isDefault: true }))
    .option("--unread", "only those you have not read")
    .action(({ unread = false, ...page }: PageFlags & { unread?: boolean }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const answer = await client.notifications.list.query({ unread, ...pageOf(page) });
        const rows = answer.notifications.map((one) => ({
          at: one.at,
          " ": one.readAt === null ? "new" : "",
          title: one.title,
          text: one.text,
        }));
        print(answer, { json, rows, empty: "Nothing to tell." });
        if (!json) tellEarlier(rows, page, answer.notifications.at(-1)?.notificationId);
      }),
    );
  notifications
    .command("read")
    .argument("[ids...]", "of those you have read (default: all)")
    .description("mark them as read")
    .action((ids: string[], _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const answer = await client.notifications.markRead.mutate(ids.length > 0 ? { ids } : {});
        print(answer, { json, rows: [{ "marked as read": String(answer.read) }] });
      }),
    );
  notifications.command("watch").description("those that come").action(watch);
  notifications
    .command("preferences")
    .description("what you are told of, and how")
    .action((_flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.notifications.preferences.query();
        const yes = (on: boolean): string => (on ? "yes" : "no");
        const rows = list.map(({ kind, inApp, webhook }) => ({
          kind,
          here: yes(inApp),
          "by webhook": yes(webhook),
        }));
        print(list, { json, rows });
      }),
    );
  notifications
    .command("prefer")
    .argument("<kind>", "as `notifications preferences` names it")
    .argument("<ways>", "here, webhook, both or none")
    .description("choose how you are told of something")
    .action((kind: string, ways: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        if (!["here", "webhook", "both", "none"].includes(ways))
          throw new Fault("bad_input", "Say here, webhook, both or none.");
        const answer = await client.notifications.setPreference.mutate({
          kind: kindOf(kind),
          inApp: ways === "here" || ways === "both",
          webhook: ways === "webhook" || ways === "both",
        });
        print(answer, { json, rows: [{ kind, "you are told": ways }] });
      }),
    );
  webhookCommands(program);
};

function kindOf(text: string): NotificationKind {
  const kind = notificationKindSchema.safeParse(text);
  if (kind.success) return kind.data;
  const kinds = notificationKindSchema.options.join(", ");
  throw new Fault(
    "bad_input",
    `There are no notifications of the kind ${text}; there are ${kinds}.`,
  );
}

async function watch(_flags: unknown, command: Command): Promise<void> {
  await withHub(command, async ({ client, json }) => {
    const done = Promise.withResolvers<void>();
    const subscription = client.notifications.live.subscribe(
      {},
      {
        onData: ({ data }) => {
          const text = json
            ? JSON.stringify(data)
            : clean(`${data.at}  ${data.title}  ${data.text}`);
          process.stdout.write(`${text}\n`);
        },
        onError: done.reject,
        onComplete: done.resolve,
      },
    );
    process.once("SIGINT", () => done.resolve());
    await done.promise;
    subscription.unsubscribe();
  });
}

function webhookCommands(program: Command): void {
  const webhooks = program
    .command("webhooks")
    .description("addresses that your notifications are sent to, signed");
  webhooks.command("list", { isDefault: true }).action((_flags: unknown, command: Command) =>
    withHub(command, async ({ client, json }) => {
      const list = await client.webhooks.list.query();
      const rows = list.map(({ url, kinds, pausedReason, webhookId }) => ({
        url,
        gets: kinds.length === 0 ? "all" : kinds.join(" "),
        state: pausedReason === null ? "active" : `paused: ${pausedReason}`,
        id: webhookId,
      }));
      print(list, { json, rows, empty: "None yet: `cloudphone webhooks create URL` makes one." });
    }),
  );
  webhooks
    .command("create")
    .argument("<url>", "https://… in the public Internet")
    .option("--kind <kinds...>", "only of these kinds")
    .description("make one; the secret that signs what it gets is shown this once")
    .action((url: string, flags: { kind?: string[] }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const kinds = (flags.kind ?? []).map(kindOf);
        const made = await client.webhooks.create.mutate({ url, kinds });
        print(made, {
          json,
          rows: [{ "the secret, shown this once": made.secret, id: made.webhookId }],
        });
      }),
    );
  for (const [name, description] of [
    ["remove", "with the log of what was sent to it"],
    ["resume", "go on with one that was paused"],
    ["test", "send it a message that says it is a test"],
  ] as const)
    webhooks
      .command(name)
      .argument("<webhook-id>")
      .description(description)
      .action((webhookId: string, _flags: unknown, command: Command) =>
        withHub(command, async ({ client, json }) => {
          const answer = await client.webhooks[name].mutate({ webhookId });
          print(answer, { json, rows: [{ webhook: webhookId, [name]: "done" }] });
        }),
      );
  deliveryCommands(webhooks);
}

function deliveryCommands(webhooks: Command): void {
  paged(webhooks.command("deliveries"))
    .option("--webhook <id>", "to one of them")
    .option("--state <state>", "pending, delivered or failed")
    .description("what was sent, when, and what came of it")
    .action((flags: PageFlags & { webhook?: string; state?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.webhooks.deliveries.query({
          ...pageOf(flags),
          ...(flags.webhook ? { webhookId: flags.webhook } : {}),
          ...(flags.state ? { state: flags.state as "pending" | "delivered" | "failed" } : {}),
        });
        const rows = list.map(({ createdAt, kind, state, attempts, nextAttemptAt, deliveryId }) => {
          const last = attempts.at(-1);
          return {
            at: createdAt,
            kind,
            state,
            attempts: String(attempts.length),
            "last answer": last ? (last.status?.toString() ?? last.error ?? "") : "",
            next: nextAttemptAt ?? "",
            id: deliveryId,
          };
        });
        print(list, { json, rows, empty: "Nothing was sent." });
        if (!json) tellEarlier(list, flags, list.at(-1)?.deliveryId);
      }),
    );
  webhooks
    .command("replay")
    .argument("<delivery-id>")
    .description("send a message again")
    .action((deliveryId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const answer = await client.webhooks.replay.mutate({ deliveryId });
        print(answer, { json, rows: [{ delivery: deliveryId, replay: "asked for" }] });
      }),
    );
}
