import { Fault } from "@cloudphone/shared/fault";
import type { Id, Source } from "@cloudphone/shared/ids";
import type { Cause, Intervention, OperatorInput, Saga } from "../context.ts";
import type { Operator } from "../log/dead-letters.ts";
import { emit } from "../log/outbox.ts";
import type { Query, Tx } from "../postgres/database.ts";
import { emissionsOf } from "./runtime.ts";
import { lockSaga, storeSteps } from "./store.ts";

export interface InterventionWish {
  readonly sagaId: Id;
  readonly wish: Intervention;
  readonly reason: string;
  readonly by: Operator;
  readonly source: Source;
}

/** Which of these sagas has the id; null when none does. */
export async function findSaga(query: Query, sagas: readonly Saga[], id: Id): Promise<Saga | null> {
  const [row] = await query<{ name: string }>`select name from sagas where id = ${id}`;
  return sagas.find(({ name }) => name === row?.name) ?? null;
}

/** What a person may have it do from where it stands. Pure, as `decide` is. */
export function possibleFor(
  saga: Saga | null,
  { state, at }: { state: unknown; at: string },
): Record<Intervention, boolean> {
  const can = (wish: Intervention): boolean => {
    try {
      return !!saga?.decide(state, { kind: "operator", wish, reason: "", at });
    } catch {
      return false;
    }
  };
  return { retry: can("retry"), compensate: can("compensate") };
}

/**
 * Has a saga go on, or undo what it did, because a person says so: one step like any other, with who asked for it and why, and `saga.intervened` beside what
 * it emits, in the caller's transaction. Throws `conflict` when that can't be from where it stands.
 */
export async function intervene(
  tx: Tx,
  saga: Saga,
  { sagaId: id, wish, reason, by, source }: InterventionWish,
): Promise<{ status: string; phase: string; note: string }> {
  const row = await lockSaga(tx, saga.name, id);
  if (!row) throw new Fault("not_found", "There is no saga with that id.");
  const [clock] = await tx<{ at: Date }>`select clock_timestamp() as at`;
  const at = (clock?.at ?? new Date(source.now())).toISOString();
  const input: OperatorInput = { kind: "operator", wish, reason, at };
  const decided = saga.decide(row.state, input);
  if (!decided) throw new Fault("conflict", whyNot(row.status, wish));
  const decision = { ...decided, note: `${decided.note} (${by.email}: ${reason})` };
  await storeSteps(tx, { saga: saga.name, known: new Map([[id, row]]) }, [{ id, decision, input }]);
  const cause: Cause = { correlationId: row.correlation_id, causationId: null };
  const data = { sagaId: id, saga: saga.name, wish, reason, byUserId: by.userId };
  const [said] = await emit(tx, [{ type: "saga.intervened", subject: id, data }], {
    cause,
    source,
  });
  await emit(tx, emissionsOf(saga, id, decision), {
    cause: { ...cause, causationId: said?.id ?? null },
    source,
  });
  const { status, phase, note } = decision;
  return { status, phase, note };
}

function whyNot(status: string, wish: Intervention): string {
  if (status === "completed")
    return "This saga has completed; what it made is ended by its own command (`cloudphone orders end`, `orders refund`).";
  if (status === "compensated") return "This saga was undone already.";
  return wish === "retry"
    ? "This saga has nothing that it could ask for again."
    : "This saga has nothing that could be undone from where it stands.";
}
