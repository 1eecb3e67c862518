import { describe, expect, it } from "vitest";
import { Fault, faultCodes, isFaultCode, toFault } from "./fault.ts";

describe("a fault", () => {
  it("passes through toFault as itself", () => {
    const fault = new Fault("not_found", "There is no such phone.");
    expect(toFault(fault)).toBe(fault);
    expect(fault).toBeInstanceOf(Error);
    expect(fault.name).toBe("Fault");
  });

  it.each([new Error("password is hunter2"), "hunter2", null, undefined, { hunter2: 1 }])(
    "made of something else is internal, keeps its cause and shows nothing of it",
    (thrown) => {
      const fault = toFault(thrown);
      expect(fault.code).toBe("internal");
      expect(fault.cause).toBe(thrown);
      expect(fault.message).not.toContain("hunter2");
    },
  );

  it("has a code of the table and of nothing else", () => {
    for (const code of Object.keys(faultCodes)) expect(isFaultCode(code)).toBe(true);
    for (const text of ["", "nope", "constructor", "toString"])
      expect(isFaultCode(text)).toBe(false);
  });

  it.each(Object.entries(faultCodes))(
    "%s has an HTTP status of failure and an exit code that is not success",
    (_code, entry) => {
      expect(entry.http).toBeGreaterThanOrEqual(400);
      expect(entry.http).toBeLessThan(600);
      expect(entry.exit).toBeGreaterThan(0);
      expect(entry.exit).toBeLessThan(126);
    },
  );
});
