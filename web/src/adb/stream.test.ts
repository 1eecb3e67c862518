import { describe, expect, it } from "vitest";
import { PhoneStream } from "./stream.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A stream that the phone has opened, and what it sends. */
function opened({ window = 2, maxData = 4 } = {}) {
  const sent: string[] = [];
  const stream = new PhoneStream({
    window: () => window,
    maxData: () => maxData,
    write: (_remote, data) => sent.push(`write ${data.join("")}`),
    acknowledge: (remote) => sent.push(`okay ${remote}`),
    close: (remote) => sent.push(`close ${remote}`),
  });
  stream.acknowledged(7);
  return { stream, sent };
}

describe("a stream of a phone in the page", () => {
  it("answers a write only once all of it was read, so that the phone waits for a slow page", async () => {
    const { stream, sent } = opened();
    stream.received(Uint8Array.of(1, 2, 3));
    stream.received(Uint8Array.of(4, 5));
    expect(await stream.exactly(2)).toEqual(Uint8Array.of(1, 2));
    expect(sent).toEqual([]);
    expect(await stream.exactly(2)).toEqual(Uint8Array.of(3, 4));
    expect(sent).toEqual(["okay 7"]);
    expect(await stream.exactly(1)).toEqual(Uint8Array.of(5));
    expect(sent).toEqual(["okay 7", "okay 7"]);
  });

  it("takes no more unanswered writes than its window, and asks for more itself when it needs more", async () => {
    const { stream, sent } = opened();
    expect(stream.received(Uint8Array.of(1))).toBe(true);
    expect(stream.received(Uint8Array.of(2))).toBe(true);
    expect(stream.received(Uint8Array.of(3))).toBe(false);
    const read = stream.exactly(4);
    expect(sent).toEqual(["okay 7", "okay 7"]);
    stream.received(Uint8Array.of(3, 4));
    expect(await read).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it("cuts what it writes to what the phone takes, and waits for its answers", async () => {
    const { stream, sent } = opened();
    const written = stream.write(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
    const after = stream.write(Uint8Array.of(0));
    await nextTurn();
    expect(sent).toEqual(["write 1234", "write 5678"]);
    stream.acknowledged(7);
    expect(await written).toBe(true);
    await nextTurn();
    expect(sent).toEqual(["write 1234", "write 5678", "write 9"]);
    stream.acknowledged(7);
    expect(await after).toBe(true);
    expect(sent.at(-1)).toBe("write 0");
  });

  it("ends reading and writing when the phone closes it, after what had come", async () => {
    const { stream } = opened({ window: 1 });
    stream.received(Uint8Array.of(1));
    const stuck = [stream.write(Uint8Array.of(1)), stream.write(Uint8Array.of(2))];
    stream.finished();
    expect(await Promise.all(stuck)).toEqual([false, false]);
    expect(await stream.exactly(1)).toEqual(Uint8Array.of(1));
    expect(await stream.exactly(1)).toBeNull();
  });

  it("is none when the phone refuses the service", async () => {
    const port = { window: () => 1, maxData: () => 1, write() {}, acknowledge() {}, close() {} };
    const stream = new PhoneStream(port);
    stream.finished();
    await expect(stream.opened).rejects.toThrow("refused");
  });
});
