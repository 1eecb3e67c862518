import { expect, test } from "vitest";
import { askedFor } from "./asked.ts";

test("what was asked is kept without secrets, texts of people and keys of repeats", () => {
  const asked = {
    account: "ann@example.com",
    reason: "lost her phone",
    password: "correct horse",
    idempotencyKey: "k",
    webhook: { secret: "s", url: "https://example.com" },
    text: "what she wrote",
    value: null,
  };
  expect(askedFor(asked)).toEqual({
    account: "ann@example.com",
    reason: "lost her phone",
    password: "•••",
    webhook: { secret: "•••", url: "https://example.com" },
    text: "•••",
    value: null,
  });
});

test("whatever is sent, what is kept of it is small, and can be stored", () => {
  const deep = Array.from({ length: 50 }).reduce<unknown>((inner) => ({ inner }), "x");
  expect(JSON.stringify(askedFor(deep))).toBe('{"inner":{"inner":{"inner":{"inner":"…"}}}}');
  const many = Array.from({ length: 2000 }, (_, n) => n);
  expect(askedFor(many)).toHaveLength(21);
  expect((askedFor("x".repeat(10_000)) as string).length).toBe(201);
  expect(askedFor(undefined)).toBeNull();
  const wide = Object.fromEntries(many.map((n) => [`${n}`, n]));
  expect(Object.keys(askedFor(wide) as object)).toHaveLength(20);
});
