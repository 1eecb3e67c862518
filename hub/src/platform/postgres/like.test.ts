import { expect, test } from "vitest";
import { likeText } from "./like.ts";

test("what somebody types means itself, and nothing is looked for when nothing was typed", () => {
  expect(likeText("50%_of\\x")).toBe("50\\%\\_of\\\\x");
  expect(likeText("plain")).toBe("plain");
  expect(likeText("")).toBe("");
  expect([likeText(null), likeText(undefined)]).toEqual([null, null]);
});
