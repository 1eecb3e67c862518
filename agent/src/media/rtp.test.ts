import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packetize, type VideoPayload } from "./rtp.ts";

const unitOf = (units: readonly Buffer[]) => ({
  units,
  key: true,
  ptsUs: 0,
  bytes: 0,
  width: 16,
  height: 16,
});

/** What a receiver makes of the payloads (RFC 6184, 5.6 to 5.8). */
function depacketize(payloads: readonly VideoPayload[]): Buffer[] {
  const units: Buffer[] = [];
  let open: Buffer[] = [];
  for (const { payload } of payloads) {
    const type = (payload[0] ?? 0) & 31;
    if (type === 24)
      for (let at = 1; at < payload.length; ) {
        const length = payload.readUInt16BE(at);
        units.push(payload.subarray(at + 2, at + 2 + length));
        at += 2 + length;
      }
    else if (type === 28) {
      const flags = payload[1] ?? 0;
      if (flags & 0x80) open = [Buffer.from([((payload[0] ?? 0) & 0xe0) | (flags & 31)])];
      open.push(payload.subarray(2));
      if (flags & 0x40) units.push(Buffer.concat(open));
    } else units.push(payload);
  }
  return units;
}

describe("RTP payloads of a picture", () => {
  it("are golden for parameter sets with a small slice, and for one in fragments", () => {
    const small = [
      Buffer.from("6742", "hex"),
      Buffer.from("68ce", "hex"),
      Buffer.from("6588", "hex"),
    ];
    expect(packetize(unitOf(small)).map(({ payload }) => payload.toString("hex"))).toEqual([
      "7800026742000268ce00026588",
    ]);
    const large = [Buffer.from("65010203040506", "hex")];
    expect(packetize(unitOf(large), 5).map(({ payload }) => payload.toString("hex"))).toEqual([
      "7c85010203",
      "7c45040506",
    ]);
  });

  it("give a receiver the same units again, fit the size, and mark the last alone", () => {
    const unit = fc
      .tuple(
        fc.constantFrom(0x67, 0x68, 0x65, 0x41),
        fc.uint8Array({ minLength: 1, maxLength: 5000 }),
      )
      .map(([header, body]) => Buffer.from([header, ...body]));
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 20, max: 1400 }),
        (units, maxBytes) => {
          const payloads = packetize(unitOf(units), maxBytes);
          expect(depacketize(payloads)).toEqual(units);
          expect(Math.max(...payloads.map(({ payload }) => payload.length))).toBeLessThanOrEqual(
            maxBytes,
          );
          expect(payloads.map(({ marker }) => marker).indexOf(true)).toBe(payloads.length - 1);
        },
      ),
    );
  });
});
