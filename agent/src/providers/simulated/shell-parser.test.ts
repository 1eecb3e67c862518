import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { quote } from "../../adb/quote.ts";
import { SimPhone } from "./phone.ts";

/** What a command line prints, through the same door an adb client comes in by. */
async function sh(line: string): Promise<string> {
  const phone = new SimPhone(samplePhone);
  phone.powerOn();
  onTestFinished(() => phone.powerOff());
  const stream = phone.open(`shell:${line}`);
  if (!stream) throw new Error("the phone opened no shell");
  return text(stream);
}

describe("the simulated phone's shell", () => {
  it.each([
    ["echo a  b", "a b\n"],
    ["echo 'a  b' \"c d\"", "a  b c d\n"],
    ["echo a\\ \\ b", "a  b\n"],
    ["echo $HOME ${HOME}", "/ /\n"],
    ["echo \"$HOME\" '$HOME' \\$HOME", "/ $HOME $HOME\n"],
    ["false; echo $?", "1\n"],
    ["true && echo yes || echo no", "yes\n"],
    ["false && echo yes || echo no", "no\n"],
    ["true || echo no; echo end", "end\n"],
    ["echo a\necho b", "a\nb\n"],
    ["echo 'a; b && c'", "a; b && c\n"],
    ["echo gone >/dev/null; echo kept", "kept\n"],
    ["rm -f /sdcard/none 2>/dev/null; echo $?", "0\n"],
  ])("answers %j with %j", async (line, printed) => {
    expect(await sh(line)).toBe(printed);
  });

  it.each([
    "a'b; reboot",
    "$(reboot)",
    "`reboot`",
    "a\nb",
    '"',
    "\\",
    "$HOME",
    "a && b",
    "> x",
    "*",
  ])("takes %j, quoted by the adb edge, for one word", async (argument) => {
    expect(await sh(`echo ${quote(argument)}`)).toBe(`${argument}\n`);
  });
});
