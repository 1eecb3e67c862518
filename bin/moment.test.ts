import { expect, test } from "vitest";
import { parseMoment } from "./moment.ts";

const now = Date.parse("2026-11-25T10:00:00.000Z");

test("a moment is an instant or so long ago", () => {
  expect(parseMoment("15m", now)).toBe("2026-11-25T09:45:00.000Z");
  expect(parseMoment("3d", now)).toBe("2026-11-22T10:00:00.000Z");
  expect(parseMoment("2026-11-25T10:00:00+02:00", now)).toBe("2026-11-25T08:00:00.000Z");
});

test.each(["yesterday", "15", "-2h", "1", "2026-13-45", ""])("%j is no moment", (text) => {
  expect(() => parseMoment(text, now)).toThrow("is no time");
});
