import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Duplex, duplexPair, PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { adbCommands as commands, windowFeature } from "@cloudphone/shared/adb-wire";
import { describe, expect, it } from "vitest";
import { ByteReader } from "../byte-reader.ts";
import { encodeHeader, type Message, readMessage } from "./message.ts";
import { AdbTransport } from "./transport.ts";

const banner = "device::ro.product.name=x;features=shell_v2,cmd";

/** A device's side whose services these are, and the raw wire to it. */
function deviceWith(
  open: (service: string) => Duplex | null,
  { maxStreams = 4, windowed = false } = {},
) {
  const [wire, far] = duplexPair();
  const options = { banner: () => banner, onOpen: open, maxStreams, windowed };
  const transport = new AdbTransport(far, options);
  return { wire, over: transport.run() };
}

type Heard = Omit<Message, "data"> & { readonly data: Buffer };

/** A client that says exactly what a test has it say. */
function speaker(wire: Duplex, version = 0x01000001) {
  const reader = new ByteReader(wire);
  const checksums = version < 0x01000001;
  const say = (
    command: number,
    [arg0, arg1]: readonly [number, number],
    text: Buffer | string = "",
  ): void => {
    const message = { command, arg0, arg1, data: [Buffer.from(text as string)] };
    wire.write(Buffer.concat([encodeHeader(message, { checksums }), ...message.data]));
  };
  const hear = async (): Promise<Heard | null> => {
    const message = await readMessage(reader, { checksums: () => checksums });
    return message && { ...message, data: Buffer.concat(message.data) };
  };
  const greet = async (maxData = 4096): Promise<Heard | null> => {
    say(commands.CNXN, [version, maxData], "host::\0");
    return hear();
  };
  return { say, hear, greet };
}

describe("an adb connection", { timeout: 30_000 }, () => {
  it.each([
    ["one write at a time", false, false],
    ["with a window", true, true],
    ["one at a time when only one end has a window", true, false],
  ])("carries megabytes unchanged, both ways, %s", async (_how, mine, theirs) => {
    const { wire, over } = deviceWith(() => new PassThrough(), { windowed: theirs });
    const client = new AdbTransport(wire, {
      banner: () => "host::features=shell_v2",
      onOpen: () => null,
      windowed: mine,
    });
    const done = client.run();
    const peer = await client.connect();
    expect([...peer.features]).toEqual(
      theirs ? ["shell_v2", "cmd", windowFeature] : ["shell_v2", "cmd"],
    );
    const bytes = randomBytes(3 * 1024 ** 2);
    const echoes = await Promise.all(
      [1, 2, 3].map(async () => {
        const stream = await client.open("echo:");
        const chunks: Buffer[] = [];
        let got = 0;
        stream.write(bytes);
        for await (const chunk of stream) {
          chunks.push(chunk as Buffer);
          got += (chunk as Buffer).length;
          if (got >= bytes.length) break;
        }
        return Buffer.concat(chunks);
      }),
    );
    expect(echoes.every((echo) => echo.equals(bytes))).toBe(true);
    wire.destroy();
    await Promise.all([done, over]);
  });

  it("says all that a service said before it ends the stream", async () => {
    const { wire } = deviceWith(() => Duplex.from([Buffer.alloc(100_000, 7)]));
    const client = new AdbTransport(wire, { banner: () => "host::", onOpen: () => null });
    void client.run();
    await client.connect();
    expect((await buffer(await client.open("x:"))).length).toBe(100_000);
    wire.destroy();
  });

  it("refuses a service that is not there, and more streams than it holds", async () => {
    const { wire } = deviceWith((service) => (service === "a:" ? new PassThrough() : null), {
      maxStreams: 2,
    });
    const { say, hear, greet } = speaker(wire);
    await greet();
    say(commands.OPEN, [1, 0], "nothing:\0");
    expect(await hear()).toMatchObject({ command: commands.CLSE, arg0: 0, arg1: 1 });
    for (const id of [2, 3]) {
      say(commands.OPEN, [id, 0], "a:\0");
      expect(await hear()).toMatchObject({ command: commands.OKAY, arg1: id });
    }
    say(commands.OPEN, [4, 0], "a:\0");
    expect(await hear()).toMatchObject({ command: commands.CLSE, arg1: 4 });
    wire.destroy();
  });

  it("computes and demands checksums for an old peer, and none for a new one", async () => {
    const old = deviceWith(() => new PassThrough());
    const { say, hear, greet } = speaker(old.wire, 0x01000000);
    expect(await greet()).toMatchObject({ command: commands.CNXN });
    say(commands.OPEN, [1, 0], "a:\0");
    const opened = await hear();
    say(commands.WRTE, [1, opened?.arg0 ?? 0], "hello");
    // The answer to the write, and the echo, in whichever order.
    const heard = [await hear(), await hear()];
    const texts = heard.map((message) => message?.data.toString());
    expect(new Set(texts)).toEqual(new Set(["", "hello"]));
    // The same without its sum: this is not adb, or it is damaged.
    const wrong = { command: commands.WRTE, arg0: 1, arg1: 1, data: [Buffer.from("hello")] };
    old.wire.write(Buffer.concat([encodeHeader(wrong, { checksums: false }), ...wrong.data]));
    await old.over;
  });

  it("waits for each write's answer before it sends the next, in pieces that the peer takes", async () => {
    const { wire } = deviceWith(() => Duplex.from([Buffer.alloc(10_000, 1)]));
    const { say, hear, greet } = speaker(wire);
    await greet(4096);
    say(commands.OPEN, [9, 0], "a:\0");
    const local = (await hear())?.arg0 ?? 0;
    expect((await hear())?.data.length).toBe(4096);
    // Nothing else comes until it is answered: a service that is refused now is the next thing heard.
    say(commands.OPEN, [0, 0], "b:\0");
    expect(await hear()).toMatchObject({ command: commands.CLSE });
    say(commands.OKAY, [9, local]);
    expect((await hear())?.data.length).toBe(4096);
    wire.destroy();
  });

  it("cuts off a peer that does not wait for its answers: it would fill the memory", async () => {
    const { wire, over } = deviceWith(() => new Duplex({ read() {}, write() {} }));
    const { say, hear, greet } = speaker(wire);
    await greet();
    say(commands.OPEN, [1, 0], "deaf:\0");
    const local = (await hear())?.arg0 ?? 0;
    for (let n = 0; n < 3000; n++) say(commands.WRTE, [1, local], Buffer.alloc(4096));
    await over;
  });

  it("cuts off a peer that asks and asks, and reads no answers", async () => {
    const { wire, over } = deviceWith(() => null);
    await speaker(wire).greet();
    const data = [Buffer.from("x:\0")];
    const header = encodeHeader(
      { command: commands.OPEN, arg0: 1, arg1: 0, data },
      { checksums: false },
    );
    const ask = Buffer.concat([header, ...data]);
    wire.write(Buffer.alloc(50_000 * ask.length, ask));
    await over;
  });

  it.each([
    ["what is not adb", randomBytes(64)],
    ["a length beyond all sense", badLength()],
    ["a stream before the greeting", beforeGreeting()],
  ])("hangs up on %s", async (_what, bytes) => {
    const { wire, over } = deviceWith(() => new PassThrough());
    wire.write(bytes);
    await over;
    if (!wire.readableEnded) await once(wire.resume(), "end");
  });
});

function badLength(): Buffer {
  const header = encodeHeader(
    { command: commands.CNXN, arg0: 0x01000001, arg1: 4096, data: [] },
    { checksums: false },
  );
  header.writeUInt32LE(0x7fffffff, 12);
  return header;
}

function beforeGreeting(): Buffer {
  const data = Buffer.from("shell:\0");
  const message = { command: commands.OPEN, arg0: 1, arg1: 0, data: [data] };
  return Buffer.concat([encodeHeader(message, { checksums: false }), data]);
}
