import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { quote } from "./quote.ts";

it("gives a program under a real sh any argument as it is", () => {
  const argument = fc
    .string({ unit: "binary", maxLength: 60 })
    .filter((one) => !one.includes("\0"));
  const biting = fc.string({
    unit: fc.constantFrom("'", '"', "\\", "\n", "$", "`", ";", " ", "&", ">", "*", "~", "!", "電"),
    maxLength: 30,
  });
  fc.assert(
    fc.property(fc.array(fc.oneof(argument, biting), { minLength: 30, maxLength: 60 }), (args) => {
      const line = `printf '%s\\0' ${args.map(quote).join(" ")}`;
      const printed = execFileSync("sh", ["-c", line]).toString("utf8");
      expect(printed.split("\0").slice(0, -1)).toEqual(args);
    }),
    { numRuns: 20 },
  );
});
