import { expect, test } from "vitest";
import { isStorable, storableJson } from "./storable.ts";

test.each([
  "",
  "你好 📱",
  "\\u0000 in letters",
  "tab\tline\n",
  0,
  null,
  undefined,
  [],
  { a: [{ b: "c" }] },
])("%j can be kept", (value) => {
  expect(isStorable(value)).toBe(true);
});

test.each([
  ["the character 0", "a\0b"],
  ["half of a character", "a\ud800"],
  ["its other half", "\udc00b"],
  ["one deep inside", { a: [1, { b: ["fine", "\0"] }] }],
  ["one in a name", { "\0": 1 }],
])("%s can't", (_what, value) => {
  expect(isStorable(value)).toBe(false);
});

test("as JSON it is as it was, but for what can't be kept", () => {
  const fine = { a: ["你好 📱", "\\u0000 in letters", 'a "quote"', 1, null], b: undefined };
  expect(storableJson(fine)).toBe(JSON.stringify(fine));
  const odd = { "a\0": ["\ud83d", "x\0y", "📱", "\\u0000", 2.5, null, { deep: "\udc00" }] };
  expect(JSON.parse(storableJson(odd))).toEqual({
    "a\ufffd": ["\ufffd", "x\ufffdy", "📱", "\\u0000", 2.5, null, { deep: "\ufffd" }],
  });
});
