import type { Database, Tx } from "../postgres/database.ts";

/** How far a consumer is in one partition. */
export interface Lane {
  /** By which this hub has the partition; larger than that of each hub before it. */
  readonly token: number;
  /** Where the stored cursor is. */
  stored: number;
  /** Where the log was read to; ahead of `stored` when nothing there concerned this partition. */
  scanned: number;
}

/** Another hub has the partition by now, or someone moved the cursor; what this one did was rolled back. */
export class CursorMoved extends Error {}

/** Writes this hub's tokens into the consumer's cursors, and tells where they are. Left out: those that a later hub has taken. */
export async function claimLanes(
  database: Database,
  consumer: string,
  tokens: ReadonlyMap<number, number>,
): Promise<Map<number, Lane>> {
  const rows = await database.query<{ partition: number; position: number; token: number }>`
    insert into cursors (consumer, partition, position, token)
    select ${consumer}, partition, 0, token
    from unnest(${[...tokens.keys()]}::int[], ${[...tokens.values()]}::bigint[]) as mine(partition, token)
    on conflict (consumer, partition) do update set token = excluded.token where cursors.token <= excluded.token
    returning partition, position, token`;
  return new Map(
    rows.map(({ partition, position, token }) => [
      partition,
      { token, stored: position, scanned: position },
    ]),
  );
}

/** Whether the stored cursors are where this hub left them, by its tokens. */
export async function areInPlace(
  database: Database,
  consumer: string,
  lanes: ReadonlyMap<number, Lane>,
): Promise<boolean> {
  const rows = await database.query<{ partition: number; position: number; token: number }>`
    select partition, position, token from cursors where consumer = ${consumer}`;
  const found = new Map(rows.map((row) => [row.partition, row]));
  return [...lanes].every(([partition, { token, stored }]) => {
    const row = found.get(partition);
    return row?.position === stored && row.token === token;
  });
}

export interface CursorStep {
  readonly consumer: string;
  readonly moves: readonly {
    readonly partition: number;
    readonly token: number;
    readonly from: number;
    readonly to: number;
  }[];
  /** Of the events in hand. */
  readonly subjects: readonly string[];
}

/** Moves cursors on, unless one is not where it was, or not this hub's: then null. Else which of the subjects are parked: one statement for both. */
export async function moveCursor(tx: Tx, step: CursorStep): Promise<Set<string> | null> {
  const { consumer, moves, subjects } = step;
  const rows = await tx<{ moved: number; subject: string | null }>`
    with moved as (
      update cursors c set position = m.to_position
      from unnest(${moves.map((move) => move.partition)}::int[], ${moves.map((move) => move.token)}::bigint[],
        ${moves.map((move) => move.from)}::bigint[], ${moves.map((move) => move.to)}::bigint[])
        as m(partition, token, from_position, to_position)
      where c.consumer = ${consumer} and c.partition = m.partition and c.token = m.token
        and c.position = m.from_position
      returning c.partition
    ), counted as (select count(*) as moved from moved)
    select distinct counted.moved, p.subject from counted left join parked_events p
      on p.consumer = ${consumer} and p.subject = any(${[...subjects]}::text[])`;
  if (rows[0]?.moved !== moves.length) return null;
  return new Set(rows.flatMap(({ subject }) => subject ?? []));
}
