import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Addresses } from "./addresses.ts";

const identity = fc.stringMatching(/^[0-9a-f]{16}$/);

it("gives each phone an address of its own inside the network, never the gateway's", () => {
  fc.assert(
    fc.property(fc.array(identity, { maxLength: 100 }), (identities) => {
      const addresses = new Addresses("10.1.2.0/24");
      const given = identities.map((one) => addresses.hold(one, new Set(["10.1.2.77"])).address);
      expect(new Set(given).size).toBe(given.length);
      for (const address of given) {
        const last = Number(/^10\.1\.2\.(\d+)$/.exec(address)?.[1]);
        expect(last).toBeGreaterThan(1);
        expect(last).toBeLessThan(255);
        expect(last).not.toBe(77);
      }
    }),
  );
});

it("takes an address back, and says so when none is left", () => {
  const addresses = new Addresses("10.1.2.0/29");
  const held = Array.from({ length: 5 }, () => addresses.hold("00000000", new Set()));
  expect(held.map(({ address }) => address)).toEqual(
    [2, 3, 4, 5, 6].map((last) => `10.1.2.${last}`),
  );
  expect(() => addresses.hold("00000000", new Set())).toThrow(/no address left/);
  held[3]?.[Symbol.dispose]();
  expect(addresses.hold("00000000", new Set()).address).toBe("10.1.2.5");
});
