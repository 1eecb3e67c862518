import { hostTopic } from "@cloudphone/shared/topics";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEventLog } from "../log/event-log.ts";
import { createIngest } from "../log/ingest.ts";
import { type TestDatabases, testDatabases } from "../postgres/testing.ts";
import { systemSource } from "../source.ts";
import { commitsFail, envelopeOf, reported, silent, until } from "../testing.ts";
import { HostMessages } from "./host-messages.ts";

let databases: TestDatabases;
beforeAll(async () => {
  databases = await testDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

interface Said {
  readonly topic: string;
  readonly message: { seq?: number; resend?: boolean; reason?: string };
}

/** What one host says, and what it is told; commits fail while `fails` says so. */
function link(fails: () => boolean = () => false) {
  const hostId = systemSource.id();
  const epoch = systemSource.id();
  const said: Said[] = [];
  const log = createEventLog(databases.events);
  const ingest = createIngest(commitsFail(databases.events, fails), log);
  const messages = new HostMessages({
    ingest,
    bus: {
      publish: async (topic, message) => void said.push({ topic, message: message as never }),
    },
    logger: silent,
    onHeartbeat: () => undefined,
    onPresence: () => undefined,
  });
  const told = (kind: "acks" | "refusals") =>
    said.filter(({ topic }) => topic === hostTopic(hostId, kind)).map(({ message }) => message);
  return {
    hostId,
    epoch,
    log,
    ingest,
    messages,
    told,
    events: (...seqs: number[]) =>
      messages.take(
        hostId,
        "events",
        Buffer.from(
          JSON.stringify({
            v: 1,
            epoch,
            rows: seqs.map((seq) => ({ seq, event: envelopeOf(reported(String(seq))) })),
          }),
        ),
      ),
    hello: () =>
      messages.take(
        hostId,
        "presence",
        Buffer.from(JSON.stringify({ v: 1, kind: "hello", epoch, agentVersion: "0" })),
      ),
  };
}

test("events are acknowledged after their commit, and never without it", async () => {
  let broken = true;
  const { events, messages, told, ingest, hostId, epoch } = link(() => broken);
  events(1, 2);
  await messages.idle();
  expect(told("acks")).toEqual([]);
  expect(await ingest.lastSeq(hostId, epoch)).toBe(0);
  broken = false;
  events(1, 2);
  await messages.idle();
  expect(told("acks")).toMatchObject([{ seq: 2, resend: false }]);
  await messages.stop();
});

test("a host that says hello is told how far the log has it, and to send what is above", async () => {
  const { events, messages, told, hello } = link();
  events(1, 2, 3);
  await messages.idle();
  hello();
  expect(await until("the greeting", async () => told("acks")[1])).toMatchObject({
    seq: 3,
    resend: true,
  });
  await messages.stop();
});

test.each([
  ["no JSON", "{"],
  ["no batch", '{"v":1,"rows":[]}'],
  ["a batch of a later version", '{"v":2,"epoch":"x","rows":[]}'],
  ["nested without end", `${"[".repeat(60_000)}${"]".repeat(60_000)}`],
])("%s is kept in quarantine, and its host is told", async (_what, text) => {
  const { hostId, messages, told, ingest } = link();
  messages.take(hostId, "events", Buffer.from(text));
  await until("the quarantine", async () =>
    (await ingest.listQuarantine(1000)).find((row) => row.hostId === hostId),
  );
  expect(told("refusals")).toMatchObject([{ reason: "not a batch of events" }]);
  expect(told("acks")).toEqual([]);
  await messages.stop();
});

test("a batch that can't be stored is dropped alone: its neighbours' hosts are acknowledged", async () => {
  const good = link();
  // PostgreSQL has no year 0; no schema of ours says so.
  const bad = {
    seq: 1,
    event: { ...envelopeOf(reported("x")), occurredAt: "0000-01-01T00:00:00Z" },
  };
  // While the first is under way the others gather, and share one commit.
  good.events(1);
  good.messages.take(
    systemSource.id(),
    "events",
    Buffer.from(JSON.stringify({ v: 1, epoch: systemSource.id(), rows: [bad] })),
  );
  good.events(2);
  await good.messages.idle();
  expect(good.told("acks")).toMatchObject([{ seq: 1 }, { seq: 2 }]);
  await good.messages.stop();
});
