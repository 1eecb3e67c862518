import type { Guard } from "./guard.ts";

const archive = "hub/src/platform/log/archive/archive.int.test.ts";
const archiver = "hub/src/platform/log/archive/archiver.ts";
const asTheyWere =
  "archived events leave the table, and whoever reads finds all of them as they were";

/** What holds when old events move from the log's table to files. */
export const archiveGuards: readonly Guard[] = [
  {
    name: "an archived event that comes again is known",
    file: "hub/src/platform/log/event-log.ts",
    guard: `        and not exists (select 1 from archived_streams a where a.stream = i.stream and i.seq <= a.last_seq)
`,
    without: "",
    test: { file: archive, name: asTheyWere },
  },
  {
    name: "what is before the horizon is read from files",
    file: "hub/src/platform/log/read-log.ts",
    guard: "    if (after < horizon) return archived.page(options, horizon);\n",
    without: "",
    test: { file: archive, name: asTheyWere },
  },
  {
    name: "what a consumer has not read is not archived",
    file: archiver,
    guard: "    if (heldBy.length > 0) return false;\n",
    without: "",
    test: {
      file: archive,
      name: "what a consumer has not read, or an outbox may send again, stays; and it is said who holds it",
    },
  },
  {
    name: "rows leave the table after their file is told of",
    file: archiver,
    guard: "delete from events where position <= (select horizon from log_head) and",
    without: "delete from events where",
    test: { file: archive, name: asTheyWere },
  },
];
