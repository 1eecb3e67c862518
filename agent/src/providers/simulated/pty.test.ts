import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { cooked, lines } from "./pty.ts";

describe("the terminal of a simulated phone's shell", () => {
  it("shows what is typed, lets it be erased and given up, and hands it over by the line", async () => {
    let shown = "";
    const echo = async (bytes: Buffer | string): Promise<void> => {
      shown += bytes.toString();
    };
    const keys = Readable.from([Buffer.from("lx\x7fs\r"), Buffer.from("rm\x03é\r\x04more\r")]);
    const read: string[] = [];
    for await (const line of lines(keys, echo)) read.push(line.toString());
    expect(read).toEqual(["ls\n", "\n", "é\n"]);
    expect(shown).toBe("lx\b \bs\r\nrm^C\r\né\r\n");
  });

  it("begins each line at the left", async () => {
    const printed: Buffer[] = [];
    const out = cooked(async (bytes) => void printed.push(Buffer.from(bytes as string)));
    await out("a\nb\r\n");
    await out(Buffer.from([0xff, 0x0a]));
    expect(Buffer.concat(printed)).toEqual(
      Buffer.concat([Buffer.from("a\r\nb\r\n"), Buffer.from([0xff, 0x0d, 0x0a])]),
    );
  });
});
