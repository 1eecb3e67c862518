import { z } from "zod";
import type { ArchiveOverview } from "../log/archive/overview.ts";
import type { EventLog } from "../log/event-log.ts";
import { searchOf, searchSchema } from "./event-search.ts";
import { needs, router } from "./trpc.ts";

export interface ArchiveRouterDeps {
  readonly log: EventLog;
  readonly archive: ArchiveOverview;
}

/** The part of the log that is in files. */
export function archiveRouter({ log, archive }: ArchiveRouterDeps) {
  return router({
    state: needs("operations.read").query(() => archive.state()),
    /** Whether a file is as it was written; what to do when it is not. */
    verify: needs("operations.read")
      .input(z.object({ file: z.string().min(1).max(200) }))
      .query(async ({ input: { file } }) => {
        const error = await archive.verify(file);
        return { file, whole: error === null, error };
      }),
    /** Newest last. `before` is where the next call has to go on, since one looks at so many; null: there are no earlier ones. */
    search: needs("operations.read")
      .input(searchSchema)
      .query(async ({ input }) => {
        const { events, before } = await log.readArchivedBack(searchOf(input));
        return { events: events.toReversed(), before };
      }),
  });
}
