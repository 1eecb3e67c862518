import type { EventData, EventType } from "@cloudphone/shared/events/catalog";
import type { Cell } from "./cell.ts";

/** An event as the hub lists it. */
export interface LoggedEvent {
  readonly position: number;
  readonly stream: string;
  readonly seq: number;
  readonly type: string;
  readonly subject: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly data: unknown;
}

/** The whole log, oldest first. */
export async function wholeLog(cell: Cell): Promise<LoggedEvent[]> {
  const pages: LoggedEvent[][] = [];
  for (let before: number | undefined; ; before = pages[0]?.[0]?.position) {
    const page = await cell.admin.query<LoggedEvent[]>("events.list", {
      limit: 1000,
      ...(before ? { before } : {}),
    });
    if (page.length === 0) return pages.flat();
    pages.unshift(page);
  }
}

/** The data of all events of a type, as it is stored: of the newest version, since this release wrote it. */
export const dataOf = <T extends EventType>(
  events: readonly LoggedEvent[],
  type: T,
): EventData<T>[] =>
  events.filter((event) => event.type === type).map((event) => event.data as EventData<T>);
