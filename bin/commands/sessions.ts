import type { Command } from "commander";
import { type Client, withHub } from "../client.ts";
import { print } from "../output.ts";
import { paged, type PageFlags, pageOf, tellEarlier } from "../pages.ts";

type Session = Awaited<ReturnType<Client["sessions"]["list"]["query"]>>[number];

const row = (session: Session): Record<string, string> => ({
  device: session.device,
  for: session.shareId === null ? session.purpose : `${session.purpose} (by a link)`,
  opened: session.openedAt,
  closed: session.closedAt ?? "open",
  why: session.text ?? "",
  "to phone": String(session.bytesToDevice),
  "from phone": String(session.bytesFromDevice),
  id: session.sessionId,
});

type ScreenDay = Awaited<ReturnType<Client["analytics"]["screensPerDay"]["query"]>>[number];

const ms = (value: number | null): string => (value === null ? "" : `${Math.round(value)} ms`);

const dayRow = (day: ScreenDay): Record<string, string> => ({
  day: day.day,
  screens: String(day.sessions),
  measured: String(day.measured),
  direct: String(day.direct),
  turn: String(day.turn),
  relay: String(day.relay),
  "first picture p50": ms(day.firstFrameP50Ms),
  p95: ms(day.firstFrameP95Ms),
  "dropped pictures": day.droppedShare === null ? "" : `${(day.droppedShare * 100).toFixed(1)} %`,
  freezes: String(day.freezes),
  "round trip p95": ms(day.rttP95Ms),
  "delay p95": ms(day.delayP95Ms),
});

/** Who reached into which phone, when and why it ended. */
export const sessionCommands = (program: Command): void => {
  const sessions = program.command("sessions").description("who reached into which phone");
  paged(sessions.command("list", { isDefault: true }))
    .option("--device <device>", "of one phone, by its name or id")
    .action(({ device, ...page }: PageFlags & { device?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const list = await client.sessions.list.query({
          ...pageOf(page),
          ...(device !== undefined && { device }),
        });
        print(list, { json, rows: list.map(row), empty: "Nobody has reached into a phone yet." });
        if (!json) tellEarlier(list, page, list.at(-1)?.sessionId);
      }),
    );
  sessions
    .command("quality")
    .description("how live screens went for those who looked, a line per day")
    .option("--device <device>", "of one phone, by its name or id")
    .action((flags: { device?: string }, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const device = flags.device;
        const phone = device === undefined ? null : await client.devices.show.query({ device });
        const days = await client.analytics.screensPerDay.query(
          phone ? { deviceId: phone.deviceId } : {},
        );
        print(days, { json, rows: days.map(dayRow), empty: "Nobody has looked at a phone yet." });
      }),
    );
  sessions
    .command("close")
    .argument("<id>")
    .action((sessionId: string, _flags: unknown, command: Command) =>
      withHub(command, async ({ client, json }) => {
        const closed = await client.sessions.close.mutate({ sessionId });
        print(closed, { json, rows: [row(closed)] });
      }),
    );
};
