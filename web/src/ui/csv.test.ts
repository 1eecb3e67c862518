import { expect, test } from "vitest";
import { csvText } from "./csv.ts";

test("commas, quotes and line ends stay inside their cell", () => {
  expect(csvText([["a,b", 'say "hi"', "two\nlines", 1.5, null]])).toBe(
    '\uFEFF"a,b","say ""hi""","two\nlines",1.5,\r\n',
  );
});

test("a name that a spreadsheet would run as a formula is text", () => {
  expect(csvText([["=HYPERLINK(1)", "-1", -1]])).toBe("\uFEFF'=HYPERLINK(1),'-1,-1\r\n");
});
