import type { Guard } from "./guard.ts";

const ingest = "hub/src/platform/log/ingest.int.test.ts";
const relay = "hub/src/platform/log/relay.int.test.ts";
const parked = "hub/src/platform/log/parked.int.test.ts";
const consumer = "hub/src/platform/log/consumer.int.test.ts";
const hostMessages = "hub/src/platform/broker/host-messages.int.test.ts";
const saga = "hub/src/platform/saga/runtime.int.test.ts";
const idempotency = "hub/src/platform/http/idempotency.int.test.ts";
const embedded = "hub/src/platform/postgres/embedded.int.test.ts";
const session = "hub/src/platform/postgres/session.int.test.ts";

/** What holds between a host's word and the contexts that fold it: ingest, log, relay, consumers, sagas, requests, and the database under them. */
export const logGuards: readonly Guard[] = [
  {
    name: "(host, epoch, seq): what a host sends twice is stored once",
    file: "hub/src/platform/log/ingest.ts",
    guard: "    if (row.seq <= next) continue;\n",
    without: "",
    test: { file: ingest, name: "what a host sends again is dropped, and acknowledged again" },
  },
  {
    name: "a gap is asked for again, and nothing beyond it stored",
    file: "hub/src/platform/log/ingest.ts",
    guard: "    if (row.seq !== next + 1) return { rows: fresh, next, resend: true };\n",
    without: "",
    test: {
      file: ingest,
      name: "nothing beyond a gap is stored, and the host is asked to send it again",
    },
  },
  {
    name: "an old epoch is refused",
    file: "hub/src/platform/log/ingest.ts",
    guard: "const lastSeq = epoch.current ? epoch.lastSeq : null;",
    without: "const lastSeq: number | null = epoch.lastSeq;",
    test: {
      file: ingest,
      name: "a store that was replaced by a newer one is refused, and nothing of it is taken",
    },
  },
  {
    name: "what can't be decoded goes to quarantine",
    file: "hub/src/platform/log/ingest.ts",
    guard:
      "          if (taken.quarantined.length > 0) await quarantineIn(tx, taken.quarantined);\n",
    without: "",
    test: {
      file: ingest,
      name: "a row that can't be decoded goes to quarantine with its bytes, its number counts, and its host goes on",
    },
  },
  {
    name: "the ack comes after the commit",
    file: "hub/src/platform/broker/host-messages.ts",
    guard: "        const results = await this.#options.ingest.ingest(batches);\n",
    without: `        for (const { hostId, epoch, rows } of batches)
          await this.#answer({ hostId, epoch, seq: rows.at(-1)?.seq ?? 0, resend: false });
        const results = await this.#options.ingest.ingest(batches);
`,
    test: {
      file: hostMessages,
      name: "events are acknowledged after their commit, and never without it",
    },
  },
  {
    name: "a batch that can't be stored is dropped alone",
    file: "hub/src/platform/broker/host-messages.ts",
    guard: "        await this.#oneByOne(batches);\n",
    without: "",
    test: {
      file: hostMessages,
      name: "a batch that can't be stored is dropped alone: its neighbours' hosts are acknowledged",
    },
  },
  {
    name: "the relay: what is in the log is not appended again",
    file: "hub/src/platform/log/event-log.ts",
    guard: "not exists (select 1 from events e where e.stream = i.stream and e.seq = i.seq)",
    without: "true",
    test: {
      file: relay,
      name: "a batch that reached the log and was not deleted is relayed again, and is there once, in its order",
    },
  },
  {
    name: "(stream, seq) is unique in the log",
    file: "hub/src/platform/log/migrations/0001-create-log.sql",
    guard: "  data jsonb not null,\n  unique (stream, seq)\n",
    without: "  data jsonb not null\n",
    test: {
      file: relay,
      name: "the log holds one event for each number of a stream, whoever writes it",
    },
  },
  {
    name: "an outbox row is deleted after the log's commit, not before",
    file: "hub/src/platform/log/relay.ts",
    guard: "  const relay = async (tx: Tx): Promise<boolean> => {\n",
    without:
      "  const relay = async (tx: Tx): Promise<boolean> => {\n    await context.database.query`delete from outbox`;\n",
    test: {
      file: relay,
      name: "a batch that reached the log and was not deleted is relayed again, and is there once, in its order",
    },
  },
  {
    name: "one relay at a time",
    file: "hub/src/platform/log/relay.ts",
    guard: " where (select mine from lock)",
    without: "",
    test: {
      file: relay,
      name: "one relay is at work at a time, so that no subject's events change places",
    },
  },
  {
    name: "the log is append-only",
    file: "hub/src/platform/log/migrations/0001-create-log.sql",
    guard: "  raise exception 'the event log is append-only';\n",
    without: "  return null;\n",
    test: { file: relay, name: "what is in the log can't be changed, deleted or emptied" },
  },
  {
    name: "appends are serialised, so that no reader passes over a late commit",
    file: "hub/src/platform/log/event-log.ts",
    guard: "select position from log_head for update`;",
    without: "select position from log_head`;",
    test: {
      file: ingest,
      name: "batches of many hosts that come at once are each taken, and positions have no gap",
    },
  },
  {
    name: "the cursor moves in the transaction of its effects",
    file: "hub/src/platform/log/consumer.ts",
    guard: "moveCursor(tx, step)",
    without: "moveCursor(this.#deps.database.query as unknown as Tx, step)",
    test: {
      file: consumer,
      name: "events of a batch that was taken one by one take effect once, also when the database goes away in the middle",
    },
  },
  {
    name: "the cursor is a fence: of two hubs one takes an event",
    file: "hub/src/platform/log/consumer.ts",
    guard:
      "const parked = await moveCursor(tx, step);\n      if (!parked) throw new CursorMoved();\n",
    without: "const parked = (await moveCursor(tx, step)) ?? new Set();\n",
    test: {
      file: parked,
      name: "two hubs that follow the log for one consumer let each event take effect once",
    },
  },
  {
    name: "what was read is not read again when a batch breaks off",
    file: "hub/src/platform/log/consumer.ts",
    guard: "      lane.scanned = to;\n",
    without: "",
    test: {
      file: consumer,
      name: "events of a batch that was taken one by one take effect once, also when the database goes away in the middle",
    },
  },
  {
    name: "a subject waits, in order, behind its event that can't be handled",
    file: "hub/src/platform/log/consumer.ts",
    guard: "const fresh = own.filter(({ key }) => !parked.has(key));",
    without: "const fresh = own;",
    test: {
      file: parked,
      name: "behind an event that can't be handled its subject waits, in order, and every other subject goes on",
    },
  },
  {
    name: "a subject waits behind its event that can't be read, in the same batch as well",
    file: "hub/src/platform/log/consumer.ts",
    guard: "        aside.add(one.key);\n",
    without: "",
    test: {
      file: parked,
      name: "an event of a newer release waits for one that knows it, and what is behind it in the same batch waits as well",
    },
  },
  {
    name: "a dead letter holds up its subject",
    file: "hub/src/platform/log/parked.ts",
    guard:
      "from parked_events where consumer = ${consumer} order by subject, position\n    ) heads",
    without:
      "from parked_events where consumer = ${consumer} and state <> 'dead' order by subject, position\n    ) heads",
    test: {
      file: parked,
      name: "what fails for the eighth time is a dead letter, which its subject waits behind until an operator replays it",
    },
  },
  {
    name: "an event of a newer release waits",
    file: "hub/src/platform/log/handle-event.ts",
    guard: 'const state = reading.outcome === "unknown" ? "waiting" : "dead";',
    without: 'const state = "dead";',
    test: {
      file: parked,
      name: "an event of a newer release waits for one that knows it, and what is behind it in the same batch waits as well",
    },
  },
  {
    name: "an event that the log can't keep goes to quarantine",
    file: "hub/src/platform/log/ingest.ts",
    guard: "  isStorable(event)\n",
    without: "  (true as boolean)\n",
    test: {
      file: ingest,
      name: "an event that the log can't keep goes to quarantine too, and its host goes on",
    },
  },
  {
    name: "what no database keeps does not reach the outbox",
    file: "hub/src/platform/log/outbox.ts",
    guard: "envelopes.map(storableJson)",
    without: "envelopes.map((envelope) => JSON.stringify(envelope))",
    test: {
      file: relay,
      name: "events reach the log as they were said, but for what no database keeps, which holds nothing up",
    },
  },
  {
    name: "a nearer deadline is looked at in time",
    file: "hub/src/platform/saga/store.ts",
    guard: "then least(s.look_at, d.deadline) end",
    without: "then s.look_at end",
    test: { file: saga, name: "a deadline that a step brings nearer is kept in time" },
  },
  {
    name: "a saga's deadline is kept by the database's clock",
    file: "hub/src/platform/saga/runtime.ts",
    guard:
      "where name = ${saga.name} and id = ${id} and deadline_at <= clock_timestamp() for update skip locked`;",
    without:
      "where name = ${saga.name} and id = ${id} and deadline_at <= ${new Date(source.now())} for update skip locked`;",
    test: {
      file: saga,
      name: "a deadline is kept by the database's clock, however wrong the hub's own is",
    },
  },
  {
    name: "of two hubs one takes a saga's deadline",
    file: "hub/src/platform/saga/runtime.ts",
    guard: " and deadline_at <= clock_timestamp() for update skip locked`;",
    without: "`;",
    test: { file: saga, name: "two hubs that find one deadline passed take it once" },
  },
  {
    name: "a saga that can't decide is an operator's",
    file: "hub/src/platform/saga/runtime.ts",
    guard: '      status: "needs_operator",\n      phase: "failed",\n',
    without: '      status: "running",\n      phase: "failed",\n',
    test: {
      file: saga,
      name: "a saga that can't say what its deadline means is an operator's, with the reason, and is asked once",
    },
  },
  {
    name: "an idempotency key: a request takes effect once",
    file: "hub/src/platform/http/idempotency.ts",
    guard: "    if (inserted.count === 0) {\n",
    without: "    if (false as boolean) {\n",
    test: {
      file: idempotency,
      name: "requests that come at once with one key take effect once, and all get the one answer",
    },
  },
  {
    name: "an idempotency key is good for one request",
    file: "hub/src/platform/http/idempotency.ts",
    guard: "if (!row || row.request_hash !== hash)",
    without: "if (!row)",
    test: {
      file: idempotency,
      name: "one key with another request is refused in words that say what to do, and has no effect",
    },
  },
  {
    name: "an idempotency key lies in the transaction of its effect",
    file: "hub/src/platform/http/idempotency.ts",
    guard: "    const inserted = await tx`\n",
    without: "    const inserted = await database.query`\n",
    test: {
      file: idempotency,
      name: "a request that failed leaves its key free: asked again, it is done",
    },
  },
  {
    name: "the driver's patch: a lost socket is not written to",
    file: "hub/node_modules/postgres/src/connection.js",
    guard: `    if (!socket) {
      chunk = nextWriteTimer = null
      return false
    }
`,
    without: "",
    test: {
      file: session,
      name: "the driver, as we patch it, does not write to a socket that is gone",
    },
  },
  {
    name: "the driver's patch: a session lost while it is being opened ends no process",
    file: "hub/node_modules/postgres/src/connection.js",
    guard: "fetchArrayTypes().catch(err => socket && socket.destroy(err))",
    without: "fetchArrayTypes()",
    test: {
      file: session,
      name: "a server that goes away while a session is being opened fails that session alone",
    },
  },
  {
    name: "a session is thrown away at the first trouble",
    file: "hub/src/platform/postgres/connection.ts",
    guard: '    lost ??= new DatabaseAway("The connection to PostgreSQL was lost.");\n',
    without: "",
    test: {
      file: session,
      name: "a session that died while nobody used it is not given to the next caller",
    },
  },
  {
    name: "a lock whose server is no more is removed",
    file: "hub/src/platform/postgres/embedded.ts",
    guard: "      else await removeLocks(launching);\n",
    without: "      else await pause(100);\n",
    test: {
      file: embedded,
      name: "a lock file that a power cut left does not hold up the start, also when its pid is another process's by now",
    },
  },
  {
    name: "a lock whose server is at work is not removed",
    file: "hub/src/platform/postgres/embedded.ts",
    guard: "      if (await isWorkedIn(launching.data)) await pause(100);\n",
    without: "      if (false as boolean) await pause(100);\n",
    test: {
      file: embedded,
      name: "a second server does not push out one that is at work in the same folder",
    },
  },
  {
    name: "a server that is being started again is stopped as well",
    file: "hub/src/platform/postgres/embedded.ts",
    guard: "      await restarting;\n",
    without: "",
    test: {
      file: embedded,
      name: "a server that is being started again when it is stopped does not stay behind",
    },
  },
  {
    name: "what was discarded stays out of a projection built anew",
    file: "hub/src/platform/projections/rebuild.ts",
    guard: "      if (discarded.has(event.position)) continue;\n",
    without: "",
    test: {
      file: "hub/src/platform/projections/rebuild.int.test.ts",
      name: "what was discarded is left out, what can't be folded is put aside with its subject, and what can be by now is folded",
    },
  },
];
