import { expect, test } from "vitest";
import { z } from "zod";
import { readSettings } from "./settings.ts";

const schema = z.object({
  port: z.coerce.number().default(1),
  group: z.object({ a: z.string(), b: z.string() }),
});

test("flags win over the environment, also inside a group of settings", () => {
  const env = { port: "2", group: { a: "env", b: "env" } };
  expect(readSettings(schema, { flags: { group: { a: "flag" } }, env })).toEqual({
    port: 2,
    group: { a: "flag", b: "env" },
  });
});

test("what is wrong is told in one line that names the setting", () => {
  expect(() =>
    readSettings(schema, { flags: {}, env: { port: "x", group: { a: "", b: "" } } }),
  ).toThrow(/^The configuration is wrong: port/);
});
