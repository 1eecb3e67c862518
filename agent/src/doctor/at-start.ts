import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { Store } from "../store/store.ts";
import type { Subject } from "./check.ts";
import { examine } from "./examine.ts";
import { checkedData } from "./report.ts";
import type { System } from "./system.ts";

interface AtStart {
  readonly system: System;
  readonly subject: Subject;
  readonly hostId: Id;
  readonly store: Store;
  readonly source: Source;
  readonly logger: Logger;
}

/** Looks at the machine beside the agent's start, which it never holds up, and tells the hub with `host.checked`. */
export function examineAtStart(deps: AtStart): { stop(): Promise<void> } {
  const { logger } = deps;
  let stopped = false;
  let telling: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    const examination = await examine(deps.system, deps.subject);
    if (stopped) return;
    for (const { check, finding } of examination.results)
      if (finding.level === "fail")
        logger.warn(
          { check: check.id, says: finding.says, remedy: finding.remedy?.command },
          "something is wrong with this machine; `cloudphone doctor` tells more",
        );
    const data = checkedData(deps.hostId, examination);
    const cause = { correlationId: deps.source.id(), causationId: null };
    telling = deps.store.transaction((tx) =>
      tx.emit({ type: "host.checked", subject: deps.hostId, data }, cause),
    );
    await telling;
  };
  look().catch((error: unknown) => {
    logger.warn({ err: error }, "what was found of this machine could not be told to the hub");
  });
  return {
    async stop() {
      stopped = true;
      await telling.catch(() => undefined);
    },
  };
}
