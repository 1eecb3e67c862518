import { describe, expect, it } from "vitest";
import { onAck, onSent, onTick, room, stallMs, unlinked } from "./uplink-state.ts";

const linked = (seq: number, window = 10) => onAck(unlinked(seq), { seq, window, resend: true }, 0);

describe("the uplink's state", () => {
  it("sends nothing before the hub has said how far it is", () => {
    expect(room(unlinked(0))).toBe(0);
    expect(room(onTick(unlinked(0), stallMs * 2))).toBe(0);
  });

  it("has as many rows on the wire as the window allows, and no more", () => {
    const state = onSent(linked(5), 12, 1);
    expect(room(state)).toBe(3);
    expect(room(onSent(state, 15, 1))).toBe(0);
  });

  it("has no negative room when the hub narrows the window", () => {
    const state = onAck(onSent(linked(0), 10, 1), { seq: 1, window: 2, resend: false }, 2);
    expect(room(state)).toBe(0);
  });

  it("opens again by what an ack takes over", () => {
    const state = onAck(onSent(linked(0), 10, 1), { seq: 4, window: 10, resend: false }, 2);
    expect(state).toMatchObject({ ackedSeq: 4, sentSeq: 10 });
    expect(room(state)).toBe(4);
  });

  it("goes back to the acknowledged row when the hub asks for it again", () => {
    const state = onAck(onSent(linked(0), 10, 1), { seq: 3, window: 10, resend: true }, 2);
    expect(state).toMatchObject({ ackedSeq: 3, sentSeq: 3 });
  });

  it("never goes back behind what was acknowledged", () => {
    expect(onAck(linked(8), { seq: 3, window: 10, resend: true }, 2).ackedSeq).toBe(8);
  });

  it("sends again only when the hub was silent for too long with rows on the wire", () => {
    const sent = onSent(linked(0), 4, 1000);
    expect(onTick(sent, 1000 + stallMs - 1)).toBe(sent);
    expect(onTick(sent, 1000 + stallMs)).toMatchObject({ sentSeq: 0, progressMs: 1000 + stallMs });
    const idle = linked(0);
    expect(onTick(idle, stallMs * 10)).toBe(idle);
  });

  it("counts silence from the last progress, not from an ack that repeats itself", () => {
    const sent = onSent(linked(0), 4, 1000);
    const repeated = onAck(sent, { seq: 0, window: 10, resend: false }, 5000);
    expect(repeated.progressMs).toBe(1000);
    expect(onAck(sent, { seq: 1, window: 10, resend: false }, 5000).progressMs).toBe(5000);
  });
});
