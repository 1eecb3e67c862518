import { text } from "node:stream/consumers";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import * as fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { SimPhone } from "../providers/simulated/phone.ts";
import { quote, splitOutput } from "./quote.ts";

/** Whatever a customer may type, with what a shell could make of it much more often than chance would. */
const argument = fc.oneof(
  fc.string({ unit: "binary", minLength: 0, maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom("'", '"', "\\", "\n", "\r", "$", "`", ";", " ", "&", "|", ">", "é", "電"),
    maxLength: 20,
  }),
  fc.constantFrom("'; reboot; '", "$(reboot)", "-rf", "", "*", "~", "!", "#", "a\nb"),
);
const clean = argument.filter((one) => !one.includes("\0"));

it("gives a program on the simulated phone any argument as it is", async () => {
  const phone = new SimPhone(samplePhone);
  phone.powerOn();
  onTestFinished(() => phone.powerOff());
  const { instanceId } = phone;
  const print = async (args: string[]): Promise<string> => {
    const stream = phone.open(`shell:echo ${args.map(quote).join(" ")} </dev/null`);
    return stream ? text(stream) : "the phone is off";
  };
  await fc.assert(
    fc.asyncProperty(fc.array(clean, { maxLength: 4 }), async (args) => {
      expect(await print(args)).toBe(`${args.join(" ")}\n`);
    }),
    { numRuns: 200 },
  );
  expect(phone.instanceId).toBe(instanceId);
});

it("refuses an argument that no program can be given", () => {
  expect(() => quote("a\0b")).toThrow(/NUL/);
});

it("finds the exit code behind the last marker, and takes a missing one for a broken connection", () => {
  expect(splitOutput("m:1\nm:7\n", "m:")).toEqual({ output: "m:1\n", exitCode: 7 });
  expect(() => splitOutput("half of it", "m:")).toThrow(/broke off/);
});
