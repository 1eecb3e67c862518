import type { EventType, RecordedEvent } from "@cloudphone/shared/events/catalog";
import type { Consumer } from "../context.ts";
import { folding } from "../log/handle-event.ts";
import type { Tx } from "../postgres/database.ts";

export interface ProjectionOf<T extends EventType> {
  readonly name: string;
  readonly tables: readonly string[];
  readonly of: readonly T[];
  /** What these events, in the order of the log, do to its tables: the same rows however they are cut into batches. */
  fold(tx: Tx, events: readonly RecordedEvent<T>[]): Promise<void>;
}

/** A projection that takes many events at once, in few statements. */
export function projection<T extends EventType>(definition: ProjectionOf<T>): Consumer {
  const { name, tables, of } = definition;
  const fold = (tx: Tx, events: readonly RecordedEvent[]): Promise<void> =>
    definition.fold(tx, events as readonly RecordedEvent<T>[]);
  return { name, tables, ...folding(of, fold) };
}
