import { describe, expect, it } from "vitest";
import { relayEndOf, relayEndReasons, relayEnds } from "./relay.ts";

describe("the ends of a relayed session", () => {
  it("have close codes of their own in the range for applications", () => {
    const codes = relayEndReasons.map((reason) => relayEnds[reason].code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code >= 4000 && code <= 4999).toBe(true);
  });

  it.each(relayEndReasons)("%s is known again by its close code", (reason) => {
    expect(relayEndOf(relayEnds[reason].code)).toBe(reason);
  });

  it("fit with their sentence into a close frame", () => {
    // RFC 6455 section 5.5: 125 bytes, two of them the code.
    for (const reason of relayEndReasons)
      expect(Buffer.byteLength(relayEnds[reason].text)).toBeLessThanOrEqual(123);
  });

  it.each([1000, 1006, 1012, 4999])(
    "the close code %i of somebody else is none of ours",
    (code) => {
      expect(relayEndOf(code)).toBeNull();
    },
  );
});
