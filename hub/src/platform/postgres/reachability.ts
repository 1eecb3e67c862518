import { Fault } from "@cloudphone/shared/fault";
import type { Logger } from "pino";
import { BrokerAway } from "../broker/away.ts";
import type { Address } from "./connection.ts";

/** The database can't be reached, or was lost. `Reachability` says so once; whoever only retries need not say it again. */
export class DatabaseAway extends Fault {
  constructor(message: string, options?: { cause?: unknown }) {
    super("unavailable", message, options);
  }
}

/** How loud a failure is that is retried anyway. */
export const retryLevel = (error: unknown): "debug" | "warn" =>
  error instanceof DatabaseAway || error instanceof BrokerAway ? "debug" : "warn";

/**
 * Says in one line that a server can't be reached and is being retried, and in one that it is back, however many sessions, databases and
 * loops meet it meanwhile. A database of its own that can't be opened (a wrong password) counts as its server's.
 */
export class Reachability {
  readonly #logger: Logger;
  readonly #away = new Map<string, Set<string>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  lost(address: Address, cause: unknown): void {
    const server = serverOf(address);
    const away = this.#away.get(server);
    if (away) {
      away.add(address.database);
      return;
    }
    this.#away.set(server, new Set([address.database]));
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#logger.warn(
      `PostgreSQL at ${server}, database ${address.database}, can't be reached (${reason}); trying again until it is back.`,
    );
  }

  reached(address: Address): void {
    const server = serverOf(address);
    const away = this.#away.get(server);
    if (!away?.delete(address.database) || away.size > 0) return;
    this.#away.delete(server);
    this.#logger.warn(`PostgreSQL at ${server} is back.`);
  }
}

const serverOf = ({ host, port }: Address): string =>
  host.startsWith("/") ? host : `${host}:${port}`;
