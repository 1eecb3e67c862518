import { expect, test } from "vitest";
import { instantSchema } from "./instant.ts";

test.each(["2026-11-25T16:00:00Z", "0001-01-01T00:00:00+01:00"])("%s is an instant", (text) => {
  expect(instantSchema.safeParse(text).success).toBe(true);
});

test.each(["0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-25", "now"])(
  "%s is none that the database knows",
  (text) => {
    expect(instantSchema.safeParse(text).success).toBe(false);
  },
);
