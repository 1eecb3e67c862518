import type { CommandEnvelope } from "@cloudphone/shared/commands/envelope";
import type { Desired, DeviceState, LeaseRef } from "@cloudphone/shared/device";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import type { Handle } from "../providers/provider.ts";

/**
 * All an agent must remember, in one SQLite file: what its devices should be and are, open runs, commands it has taken, and the
 * outbox of events the hub has not acknowledged. State and the events that report it change in one transaction.
 */

export interface DeviceRow {
  readonly deviceId: Id;
  /** Newest desired state obeyed; its revision only grows. */
  readonly desired: Desired;
  readonly handle: Handle | null;
  readonly state: DeviceState;
  readonly reason: string | null;
  /** The lease whose traces are on the device; null when it is factory-clean. It must be wiped before it serves another. */
  readonly dataLeaseId: Id | null;
  /** What is left of the lease; counted down durably with the running mark. Null: no end. */
  readonly leaseRemainingMs: number | null;
}

/** An open run. `startedMonoMs` is CLOCK_MONOTONIC of boot `bootId`; after a reboot only `confirmedMs` is known. */
export interface RunRow {
  readonly runId: Id;
  readonly deviceId: Id;
  readonly lease: LeaseRef | null;
  readonly startedAt: string;
  readonly bootId: string;
  readonly startedMonoMs: number;
  /** Duration that is certain and on disk. */
  readonly confirmedMs: number;
  readonly instanceId: string;
  readonly cause: Cause;
}

export interface InboxRow {
  readonly command: CommandEnvelope;
  /** `taken`: on disk, not begun. `running`: begun; found after a crash, it ends as `interrupted`. `done`: its outcome is in the outbox. */
  readonly state: "taken" | "running" | "done";
  readonly receivedMonoMs: number;
  readonly bootId: string;
}

export interface Cause {
  readonly correlationId: Id;
  readonly causationId: Id | null;
}

export interface StoreTx {
  /** Adds an event to the outbox. Throws Fault `disk_full` at the outbox's cap; the transaction then has no effect. */
  emit(draft: EventDraft, cause: Cause): void;
  device(deviceId: Id): DeviceRow | null;
  devices(): DeviceRow[];
  putDevice(row: DeviceRow): void;
  deleteDevice(deviceId: Id): void;
  run(deviceId: Id): RunRow | null;
  runs(): RunRow[];
  putRun(row: RunRow): void;
  deleteRun(runId: Id): void;
  inbox(commandId: Id): InboxRow | null;
  /** Commands taken but without an outcome, oldest first. */
  openCommands(): InboxRow[];
  putInbox(row: InboxRow): void;
}

export interface Store {
  /** Id of this store file. A new file is a new epoch: its sequence numbers begin at 1 again. */
  readonly epoch: Id;
  /**
   * Runs `work` (synchronous) in a transaction of its own inside the next group commit; resolves when it is on disk (FULL sync), with
   * what `work` returned. A throw undoes this work alone.
   */
  transaction<T>(work: (tx: StoreTx) => T): Promise<T>;
  /** `full` while there is hardly room to write: what is under way goes on and can be reported, but no new work must be taken on. */
  pressure(): "ok" | "full";
  /** Reads the committed state at once. */
  read<T>(work: (tx: StoreTx) => T): T;
  close(): Promise<void>;
}
