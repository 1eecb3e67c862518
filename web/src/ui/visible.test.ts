import { describe, expect, it } from "vitest";
import { visible } from "./visible.ts";

describe("text from a phone", () => {
  it("shows control characters, and does what none of them says", () => {
    expect(visible("\u001b]0;title\u0007\u001b[31mred\u009b1m")).toBe(
      "␛]0;title␇␛[31mred<U+009B>1m",
    );
    expect(visible("a\u202eb\u2066c\u200fd")).toBe("a<U+202E>b<U+2066>c<U+200F>d");
    expect(visible("a\tb 你好 😀 é")).toBe("a\tb 你好 😀 é");
  });
});
