import {
  type CommandData,
  type CommandDefinition,
  type CommandType,
  commandCatalog,
  type CompletedEvent,
  isCommandType,
} from "@cloudphone/shared/commands/catalog";
import type { CommandEnvelope } from "@cloudphone/shared/commands/envelope";
import { describeIssues, type EventData, type EventDraft } from "@cloudphone/shared/events/catalog";
import { Fault, toFault } from "@cloudphone/shared/fault";
import type { Logger } from "pino";
import { crashPoint } from "../crash-point.ts";
import type { Fleet } from "../devices/fleet.ts";
import type { Supervisor } from "../devices/supervisor.ts";
import { fullDisk } from "../store/full-disk.ts";
import type { OpenStore } from "../store/open.ts";
import type { Cause, InboxRow, StoreTx } from "../store/store.ts";
import type { MonoClock } from "../usage/clock.ts";
import type { Screens } from "../media/screens.ts";
import type { Tunnels } from "../relay/tunnels.ts";
import type { HubFiles } from "./hub-files.ts";

export interface HostContext {
  readonly fleet: Fleet;
  /** The device that the command names, while this host still has it. */
  readonly device: Supervisor | null;
  /** Aborts at the command's deadline. */
  readonly signal: AbortSignal;
  /** What is left of it. */
  readonly timeoutMs: number;
  /** Of facts that come of the command later than its outcome. */
  readonly cause: Cause;
  readonly files: HubFiles;
  readonly screens: Screens;
}

export interface CommandContext extends HostContext {
  readonly device: Supervisor;
  /** Of the lease it acts for; 0 for none. */
  readonly token: number;
  /** Where sessions' lines to the hub live on. */
  readonly tunnels: Tunnels;
}

type ContextOf<K extends CommandType> = (typeof commandCatalog)[K] extends { scope: "host" }
  ? HostContext
  : CommandContext;

/** What a success says besides which command and device it was. */
export type Result<K extends CommandType> = Omit<
  EventData<CompletedEvent<K>>,
  "commandId" | "deviceId"
>;

export type Handler<K extends CommandType> = (
  data: CommandData<K>,
  context: ContextOf<K>,
) => Promise<Result<K>>;

export type Handlers = { readonly [K in CommandType]: Handler<K> };

export interface RunnerDeps {
  readonly store: OpenStore;
  readonly fleet: Fleet;
  readonly files: HubFiles;
  readonly tunnels: Tunnels;
  readonly screens: Screens;
  readonly handlers: Handlers;
  readonly clock: MonoClock;
  readonly logger: Logger;
}

/**
 * Runs commands: each id at most once, within its deadline, and only under the lease it was given for. A command is on disk before it begins, and
 * its outcome goes to the outbox in the transaction that marks it done; one that a crash cut off ends as `interrupted`.
 *
 * Those that change a phone run one after the other, in the order they came, so that "install, then start" means what it says. Those that change
 * nothing have lines beside it, one for each type: a screenshot does not wait for an install of minutes. Commands for the host have one line for all.
 */
export class CommandRunner {
  readonly #deps: RunnerDeps;
  readonly #lines = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
  }

  /** Takes up what an earlier run of the agent left. */
  async start(): Promise<void> {
    for (const row of this.#deps.store.read((tx) => tx.openCommands())) {
      if (row.state === "running")
        await this.#fail(
          row,
          new Fault(
            "interrupted",
            "The host's agent was restarted while this was done; ask again.",
          ),
        );
      else this.#queue(row);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#lines.values());
  }

  async take(command: CommandEnvelope): Promise<void> {
    const { store, clock } = this.#deps;
    if (this.#stopping.signal.aborted) return;
    crashPoint("agent.command.before-inbox");
    const row: InboxRow = {
      command,
      state: "taken",
      receivedMonoMs: clock.nowMs(),
      bootId: clock.bootId,
    };
    const fresh = await store.transaction((tx) => {
      if (tx.inbox(command.id)) return false;
      tx.putInbox(row);
      return true;
    });
    crashPoint("agent.command.after-inbox");
    if (fresh) this.#queue(row);
  }

  #queue(row: InboxRow): void {
    const line = lineOf(row.command);
    const next = (this.#lines.get(line) ?? Promise.resolve())
      .then(() => this.#run(row))
      .catch((error: unknown) => {
        this.#deps.logger.error(
          { err: error, commandId: row.command.id },
          "a command's outcome could not be stored",
        );
      });
    this.#lines.set(line, next);
    void next.then(() => {
      if (this.#lines.get(line) === next) this.#lines.delete(line);
    });
  }

  async #run(row: InboxRow): Promise<void> {
    const { store } = this.#deps;
    if (this.#stopping.signal.aborted) return;
    const refusal = this.#refusal(row);
    if (refusal) return this.#fail(row, refusal);
    await store.transaction((tx) => tx.putInbox({ ...row, state: "running" }));
    try {
      const result = await this.#perform(row);
      await this.#complete(row, result);
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === "internal")
        this.#deps.logger.error({ err: error, commandId: row.command.id }, "a command failed");
      await this.#fail(row, fault);
    }
  }

  /** Why it must not begin: not known to this agent, too late, or for a lease that is not the device's any more. */
  #refusal({ command, receivedMonoMs, bootId }: InboxRow): Fault | null {
    const { store, clock } = this.#deps;
    if (!isCommandType(command.type))
      return new Fault(
        "unsupported",
        `The agent of the phone's host does not know ${command.type}; upgrade it.`,
      );
    const waitedMs =
      bootId === clock.bootId ? clock.nowMs() - receivedMonoMs : Number.POSITIVE_INFINITY;
    if (waitedMs >= command.ttlMs)
      return new Fault("timed_out", "The time for this was over before it could begin.");
    if (isForHost(command)) return null;
    if (store.pressure() === "full") return fullDisk();
    const device = store.read((tx) => tx.device(command.deviceId));
    if (!device) return new Fault("not_found", "The phone is not on this host.");
    const token = device.desired.lease?.token ?? 0;
    if (token !== command.token)
      return new Fault("stale_lease", "The phone's lease is another one by now.");
    return null;
  }

  async #perform({ command, receivedMonoMs }: InboxRow): Promise<object> {
    const { fleet, files, tunnels, screens, clock, handlers } = this.#deps;
    const type = command.type as CommandType;
    const data = commandCatalog[type].data.safeParse(command.data);
    if (!data.success)
      throw new Fault("bad_input", `The command can't be read: ${describeIssues(data.error)}`);
    const device = fleet.find(command.deviceId);
    if (!device && !isForHost(command))
      throw new Fault("device_not_running", "The phone is not running.");
    const timeoutMs = Math.max(1, command.ttlMs - (clock.nowMs() - receivedMonoMs));
    const late = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([late, this.#stopping.signal]);
    const ended = new Promise<never>((_resolve, reject) => {
      late.addEventListener("abort", () =>
        reject(new Fault("timed_out", "It was not done in time.")),
      );
      this.#stopping.signal.addEventListener("abort", () =>
        reject(
          new Fault("interrupted", "The host's agent was stopped while this was done; ask again."),
        ),
      );
    });
    const handler = handlers[type] as (data: unknown, context: object) => Promise<object>;
    const context = {
      fleet,
      device,
      token: command.token,
      files,
      tunnels,
      screens,
      signal,
      timeoutMs,
      cause: { correlationId: command.correlationId, causationId: command.causationId },
    };
    return Promise.race([handler(data.data, context), ended]);
  }

  #complete({ command, ...row }: InboxRow, result: object): Promise<void> {
    const type = commandCatalog[command.type as CommandType].completed;
    const data = { commandId: command.id, deviceId: command.deviceId, ...result };
    return this.#settle({ ...row, command }, {
      type,
      subject: command.deviceId,
      data,
    } as EventDraft);
  }

  #fail({ command, ...row }: InboxRow, fault: Fault): Promise<void> {
    const type = isCommandType(command.type)
      ? commandCatalog[command.type].failed
      : "device.command.refused";
    const data = {
      commandId: command.id,
      deviceId: command.deviceId,
      code: fault.code,
      reason: fault.message.slice(0, 2000),
    };
    return this.#settle({ ...row, command }, { type, subject: command.deviceId, data });
  }

  async #settle(row: InboxRow, outcome: EventDraft): Promise<void> {
    const { id, correlationId, causationId } = row.command;
    crashPoint("agent.command.before-outcome");
    await this.#deps.store.transaction((tx: StoreTx) => {
      if (tx.inbox(id)?.state === "done") return;
      tx.putInbox({ ...row, state: "done" });
      tx.emit(outcome, { correlationId, causationId });
    });
    crashPoint("agent.command.after-outcome");
  }
}

/** Null for a type that this agent does not know. */
const definitionOf = ({ type }: CommandEnvelope): CommandDefinition | null =>
  isCommandType(type) ? commandCatalog[type] : null;

const isForHost = (command: CommandEnvelope): boolean => definitionOf(command)?.scope === "host";

function lineOf(command: CommandEnvelope): string {
  if (isForHost(command)) return "host";
  return definitionOf(command)?.beside ? `${command.deviceId} ${command.type}` : command.deviceId;
}
