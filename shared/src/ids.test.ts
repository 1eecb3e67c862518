import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idSchema, randomBytesOf, uuidv7 } from "./ids.ts";

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe("uuidv7", () => {
  it("gives the example of RFC 9562 appendix A.6", () => {
    const random = Uint8Array.from(Buffer.from("0000000000000cc318c4dc0c0c07398f", "hex"));
    expect(uuidv7(0x017f22e279b0, random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  });

  it("is an id of version 7 and the RFC's variant, whatever the bytes", () => {
    fc.assert(
      fc.property(time, bytes, (now, random) => {
        const id = uuidv7(now, random);
        expect(idSchema.safeParse(id).success).toBe(true);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(now);
      }),
    );
  });

  it("sorts by the time it was made", () => {
    fc.assert(
      fc.property(fc.tuple(time, time), fc.tuple(bytes, bytes), ([a, b], [first, second]) => {
        fc.pre(a < b);
        expect(uuidv7(a, first) < uuidv7(b, second)).toBe(true);
      }),
    );
  });

  it("leaves the caller's bytes as they are and refuses too few", () => {
    const random = new Uint8Array(16).fill(255);
    uuidv7(1, random);
    expect(random.every((byte) => byte === 255)).toBe(true);
    expect(() => uuidv7(1, new Uint8Array(15))).toThrow(RangeError);
  });
});

describe("random bytes of a pool", () => {
  it("are each given once, over many fillings of it", () => {
    let filled = 0;
    const next = randomBytesOf((pool) => {
      for (const at of pool.keys()) pool[at] = (filled + (at >> 4)) >> (8 * (at & 3));
      filled += pool.length >> 4;
    });
    const given = new Set(Array.from({ length: 3000 }, () => Buffer.from(next()).toString("hex")));
    expect(given.size).toBe(3000);
  });
});
