import type { EventBatch } from "@cloudphone/shared/link";
import { pino } from "pino";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Outbox, OutboxRow } from "../store/outbox.ts";
import { Uplink } from "./uplink.ts";

const epoch = "018f3c5a-0000-7000-8000-0000000000e1";

/** The outbox of agent/src/store in memory. */
function memoryOutbox(): Outbox & { append(event?: string): void; aside: number[] } {
  let rows: OutboxRow[] = [];
  let lastSeq = 0;
  let ackedSeq = 0;
  const aside: number[] = [];
  const listeners = new Set<() => void>();
  return {
    epoch,
    aside,
    get lastSeq() {
      return lastSeq;
    },
    get ackedSeq() {
      return ackedSeq;
    },
    get count() {
      return rows.length;
    },
    append(event = "{}") {
      rows.push({ seq: ++lastSeq, event });
      for (const listener of listeners) listener();
    },
    readAfter: (seq, { maxRows }) => rows.filter((row) => row.seq > seq).slice(0, maxRows),
    acked(seq) {
      ackedSeq = Math.max(ackedSeq, seq);
      rows = rows.filter((row) => row.seq > seq);
    },
    quarantine: (seq) => void aside.push(seq),
    onAppended(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => listeners.delete(listener) };
    },
  };
}

function setup(count: number) {
  vi.useFakeTimers();
  const outbox = memoryOutbox();
  for (let row = 0; row < count; row++) outbox.append();
  const sent: EventBatch[] = [];
  let nowMs = 0;
  const uplink = new Uplink({
    outbox,
    logger: pino({ level: "silent" }),
    send: (batch) => void sent.push(batch),
    nowMs: () => nowMs,
  });
  uplink.start();
  onTestFinished(() => {
    uplink.stop();
    vi.useRealTimers();
  });
  const ack = (seq: number, more: { window?: number; resend?: boolean; epoch?: string } = {}) =>
    uplink.acked({ v: 1, epoch, seq, window: 4, resend: false, ...more });
  const wait = (ms: number): void => {
    for (let at = 0; at < ms; at += 1000) {
      nowMs += 1000;
      vi.advanceTimersByTime(1000);
    }
  };
  const taken = (): number[] => sent.splice(0).flatMap(({ rows }) => rows.map(({ seq }) => seq));
  return { outbox, uplink, sent, ack, wait, taken };
}

describe("the uplink", () => {
  it("sends nothing until the hub has said how far it is, then a window full", () => {
    const { ack, taken, wait } = setup(10);
    wait(3000);
    expect(taken()).toEqual([]);
    ack(0, { resend: true });
    expect(taken()).toEqual([1, 2, 3, 4]);
    ack(2);
    expect(taken()).toEqual([5, 6]);
  });

  it("deletes rows only on the hub's own ack", () => {
    const { outbox, ack } = setup(3);
    ack(0);
    expect(outbox.count).toBe(3);
    ack(2);
    expect(outbox.count).toBe(1);
  });

  it("sends a new event at once", () => {
    const { outbox, ack, taken } = setup(0);
    ack(0);
    outbox.append();
    expect(taken()).toEqual([1]);
  });

  it("sends again what the hub has a gap in", () => {
    const { ack, taken } = setup(4);
    ack(0);
    taken();
    ack(1, { resend: true });
    expect(taken()).toEqual([2, 3, 4]);
  });

  it("sends again when the hub stays silent", () => {
    const { ack, taken, wait } = setup(3);
    ack(0);
    taken();
    wait(9000);
    expect(taken()).toEqual([]);
    wait(2000);
    expect(taken()).toEqual([1, 2, 3]);
  });

  it("waits for the hub again after the link was gone, then sends what is not acknowledged", () => {
    const { outbox, uplink, ack, taken, wait } = setup(4);
    ack(1);
    taken();
    uplink.unlink();
    expect(uplink.linked).toBe(false);
    outbox.append();
    wait(20_000);
    expect(taken()).toEqual([]);
    ack(2);
    expect(taken()).toEqual([3, 4, 5]);
  });

  it("takes no ack of another epoch", () => {
    const { uplink, outbox, ack } = setup(3);
    ack(3, { epoch: "018f3c5a-0000-7000-8000-0000000000e2" });
    expect(uplink.linked).toBe(false);
    expect(outbox.count).toBe(3);
  });

  it("sets a row aside after five refusals and sends its number as lost", () => {
    const { uplink, outbox, sent, ack, taken } = setup(3);
    ack(0);
    taken();
    for (let refusal = 0; refusal < 4; refusal++) uplink.refused("no");
    expect(outbox.aside).toEqual([]);
    uplink.refused("no");
    expect(outbox.aside).toEqual([1]);
    expect(sent.at(-1)?.rows).toEqual([{ seq: 1, lost: "no" }]);
  });

  it("counts refusals anew after progress", () => {
    const { uplink, outbox, ack } = setup(3);
    ack(0);
    for (let refusal = 0; refusal < 4; refusal++) uplink.refused("no");
    ack(1);
    uplink.refused("no");
    expect(outbox.aside).toEqual([]);
  });

  it("carries on behind a poison row once the hub has taken its number", () => {
    const { uplink, ack, taken } = setup(3);
    ack(0);
    taken();
    for (let refusal = 0; refusal < 5; refusal++) uplink.refused("no");
    taken();
    ack(1, { resend: true });
    expect(taken()).toEqual([2, 3]);
  });

  it("sends a row that can't be read, or is too large, as lost without leaving its number out", () => {
    const { outbox, sent, ack } = setup(1);
    outbox.append("not json");
    outbox.append(JSON.stringify("x".repeat(210_000)));
    ack(0);
    const rows = sent.flatMap((batch) => batch.rows);
    expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(rows.map((row) => row.lost !== undefined)).toEqual([false, true, true]);
    expect(outbox.aside).toEqual([2, 3]);
  });
});
