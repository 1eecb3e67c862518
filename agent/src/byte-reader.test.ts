import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { ByteReader, chunksOf } from "./byte-reader.ts";

describe("a reader of bytes", () => {
  it("gives large pieces as they came, and what is left of one to the next who asks", async () => {
    const [first, second] = [Buffer.alloc(8192, 1), Buffer.alloc(8192, 2)];
    const reader = new ByteReader(Readable.from([first, second]));
    const pieces = (await reader.pieces(12_000)) ?? [];
    expect(pieces.map(({ length }) => length)).toEqual([8192, 3808]);
    expect(pieces[0]?.buffer).toBe(first.buffer);
    expect(await reader.exactly(4384)).toEqual(second.subarray(3808));
    expect(await reader.pieces(1)).toBeNull();
  });

  it("joins crumbs, so that no peer makes us keep an object for each of its bytes", async () => {
    const crumbs = Array.from({ length: 5000 }, (_, n) => Buffer.from([n & 0xff]));
    const pieces = await new ByteReader(Readable.from(crumbs)).pieces(5000);
    expect(pieces).toEqual([Buffer.concat(crumbs)]);
  });

  it("takes a stream's chunks one by one, and leaves a fast one waiting", async () => {
    const stream = new PassThrough({ highWaterMark: 1024 });
    const chunks = chunksOf(stream)[Symbol.asyncIterator]();
    const [one, two] = [Buffer.alloc(70_000, 1), Buffer.alloc(70_000, 2)];
    stream.write(one);
    stream.write(two);
    expect((await chunks.next()).value).toBe(one);
    expect(stream.isPaused()).toBe(true);
    expect((await chunks.next()).value).toBe(two);
    stream.end();
    expect((await chunks.next()).done).toBe(true);
  });

  it.each([
    ["breaks", (stream: PassThrough) => void stream.destroy(new Error("gone"))],
    ["is destroyed", (stream: PassThrough) => void stream.destroy()],
  ])("ends with a stream that %s while somebody waits", async (_how, lose) => {
    const stream = new PassThrough();
    const waiting = new ByteReader(chunksOf(stream)).exactly(1);
    lose(stream);
    expect(await waiting).toBeNull();
  });
});
