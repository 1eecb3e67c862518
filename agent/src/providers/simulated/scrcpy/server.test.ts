import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { describe, expect, it, onTestFinished } from "vitest";
import { ByteReader } from "../../../byte-reader.ts";
import { SimPhone } from "../phone.ts";
import { launch } from "../ui/scene.ts";

const jar = Buffer.from("stands in for the server's file");
const jarPath = "/data/local/tmp/scrcpy-server-3.3.3.jar";
const launchLine = (options: string, version = "3.3.3"): string =>
  `shell:CLASSPATH=${jarPath} app_process / com.genymobile.scrcpy.Server ${version} ${options}`;

async function bootedPhone(properties: Record<string, string> = {}): Promise<SimPhone> {
  const booted = Promise.withResolvers<void>();
  const scrcpySum = createHash("sha256").update(jar).digest("hex");
  const phone = new SimPhone(
    {
      ...samplePhone,
      properties: { "sim.bootDelayMs": "0", "sim.scrcpySum": scrcpySum, ...properties },
    },
    { onChange: () => phone.booted && booted.resolve() },
  );
  phone.powerOn();
  onTestFinished(() => phone.powerOff());
  await booted.promise;
  phone.writeFile(jarPath, jar);
  return phone;
}

function open(phone: SimPhone, service: string): Duplex {
  const stream = phone.open(service);
  if (!stream) throw new Error(`${service} is closed`);
  stream.on("error", () => undefined);
  return stream;
}

async function outputOf(stream: Duplex): Promise<string> {
  let text = "";
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString("utf8");
  return text;
}

interface Session {
  readonly shell: Duplex;
  readonly sockets: Duplex[];
  readonly readers: ByteReader[];
}

/** Starts the server and opens its sockets; the first reader stands behind the dummy byte and the name. */
async function start(phone: SimPhone, options: string, count: number): Promise<Session> {
  const shell = open(phone, launchLine(`scid=1a2b3c4d tunnel_forward=true ${options}`));
  const log = new ByteReader(shell as AsyncIterable<Buffer>);
  expect((await log.some())?.toString("utf8")).toContain("[server] INFO: Device: [Cloudphone]");
  await expect.poll(() => phone.isListening("scrcpy_1a2b3c4d")).toBe(true);
  const sockets = Array.from({ length: count }, () => open(phone, "localabstract:scrcpy_1a2b3c4d"));
  const readers = sockets.map((socket) => new ByteReader(socket as AsyncIterable<Buffer>));
  expect(await readers[0]?.exactly(1)).toEqual(Buffer.alloc(1));
  const name = (await readers[0]?.exactly(64))?.toString("utf8").replace(/\0+$/, "");
  expect(name).toBe("SimPhone");
  return { shell, sockets, readers };
}

interface Packet {
  readonly config: boolean;
  readonly key: boolean;
  readonly ptsUs: number;
  readonly data: Buffer;
}

async function nextPacket(reader: ByteReader | undefined): Promise<Packet> {
  const header = await reader?.exactly(12);
  if (!header || !reader) throw new Error("the stream has ended");
  const flags = header.readBigUInt64BE();
  const data = await reader.exactly(header.readUInt32BE(8));
  if (!data) throw new Error("the stream has ended");
  return {
    config: flags >> 63n === 1n,
    key: ((flags >> 62n) & 1n) === 1n,
    ptsUs: Number(flags & ((1n << 62n) - 1n)),
    data,
  };
}

const touch = (
  [action, x, y]: readonly [number, number, number],
  size = { width: 360, height: 640 },
): Buffer => {
  const message = Buffer.alloc(32);
  message[0] = 2;
  message[1] = action;
  message.writeBigInt64BE(-2n, 2);
  message.writeInt32BE(x, 10);
  message.writeInt32BE(y, 14);
  message.writeUInt16BE(size.width, 18);
  message.writeUInt16BE(size.height, 20);
  message.writeUInt16BE(0xffff, 22);
  return message;
};
const setClipboard = (sequence: bigint, text: string, paste = true): Buffer => {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(14);
  head[0] = 9;
  head.writeBigUInt64BE(sequence, 1);
  head[9] = paste ? 1 : 0;
  head.writeUInt32BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
};
const resetVideo = Buffer.from([17]);
const rotate = Buffer.from([11]);

describe("the scrcpy server of a simulated phone", () => {
  it("sends codec and size, then its configuration, a key frame, and what changes", async () => {
    const phone = await bootedPhone();
    const { readers } = await start(phone, "audio=false control=false max_size=320", 1);
    const meta = await readers[0]?.exactly(12);
    expect(meta?.toString("latin1", 0, 4)).toBe("h264");
    expect([meta?.readUInt32BE(4), meta?.readUInt32BE(8)]).toEqual([176, 320]);
    const config = await nextPacket(readers[0]);
    const first = await nextPacket(readers[0]);
    expect([config.config, config.ptsUs, first.config, first.key]).toEqual([true, 0, false, true]);
    expect(config.data.subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 1, 0x67]));
    const later = await nextPacket(readers[0]);
    expect(later.key).toBe(false);
    expect(later.ptsUs).toBeGreaterThan(first.ptsUs);
  });

  it("obeys messages however they are cut, and drops touches that name another size than the video's", async () => {
    const phone = await bootedPhone();
    const { sockets, readers } = await start(phone, "audio=false", 2);
    const control = sockets[1];
    const all = Buffer.concat([
      touch([0, 45, 560], { width: 720, height: 1280 }),
      touch([1, 45, 560], { width: 720, height: 1280 }),
      setClipboard(7n, "dropped"),
      touch([0, 45, 560]),
      touch([1, 45, 560]),
      setClipboard(8n, "你好 😀"),
    ]);
    const first = all.subarray(0, 64 + 14 + 7);
    for (const byte of first) control?.write(Buffer.from([byte]));
    const acknowledged = async (): Promise<bigint | undefined> => {
      // The clipboard's own change is told as well, since autosync is on.
      for (;;) {
        const type = (await readers[1]?.exactly(1))?.[0];
        if (type === 1) return (await readers[1]?.exactly(8))?.readBigUInt64BE();
        const length = (await readers[1]?.exactly(4))?.readUInt32BE() ?? 0;
        await readers[1]?.exactly(length);
      }
    };
    expect(await acknowledged()).toBe(7n);
    expect(phone.screen).toEqual({ kind: "home" });
    control?.write(all.subarray(first.length));
    expect(await acknowledged()).toBe(8n);
    expect(phone.screen).toMatchObject({ packageName: "com.cloudphone.notes", text: "你好 😀" });
  });

  it("tells the clipboard when asked only without autosync", async () => {
    const phone = await bootedPhone();
    phone.setClipboard("from the phone");
    const { sockets, readers } = await start(phone, "audio=false clipboard_autosync=false", 2);
    sockets[1]?.write(Buffer.from([8, 0]));
    const head = await readers[1]?.exactly(5);
    expect(head?.[0]).toBe(0);
    expect((await readers[1]?.exactly(head?.readUInt32BE(1) ?? 0))?.toString("utf8")).toBe(
      "from the phone",
    );
  });

  it("begins its video anew when asked, also on a still screen", async () => {
    const phone = await bootedPhone();
    const { sockets, readers } = await start(phone, "audio=false", 2);
    await readers[0]?.exactly(12);
    await nextPacket(readers[0]);
    await nextPacket(readers[0]);
    sockets[1]?.write(resetVideo);
    for (;;) if ((await nextPacket(readers[0])).config) break;
    expect((await nextPacket(readers[0])).key).toBe(true);
  });

  it("has another configuration and no new meta once the screen is turned", async () => {
    const phone = await bootedPhone();
    const { sockets, readers } = await start(phone, "audio=false", 2);
    await readers[0]?.exactly(12);
    const before = (await nextPacket(readers[0])).data;
    sockets[1]?.write(rotate);
    let config = await nextPacket(readers[0]);
    while (!config.config) config = await nextPacket(readers[0]);
    expect(config.data.equals(before)).toBe(false);
    expect(phone.size).toEqual({ width: 640, height: 360 });
  });

  it("plays a tone while the motion app runs, and sends silence else", async () => {
    const phone = await bootedPhone();
    const { readers } = await start(phone, "video=false control=false", 1);
    expect((await readers[0]?.exactly(4))?.toString("latin1")).toBe("opus");
    const head = await nextPacket(readers[0]);
    expect([head.config, head.data.toString("latin1", 0, 8)]).toEqual([true, "OpusHead"]);
    const quiet = await nextPacket(readers[0]);
    phone.show(launch(phone, "com.cloudphone.motion") ?? { kind: "home" });
    let loud = await nextPacket(readers[0]);
    while (loud.data.length === quiet.data.length) loud = await nextPacket(readers[0]);
    expect(loud.data.length).toBe(80);
    expect(loud.ptsUs % 20_000).toBe(0);
  });

  it.each([
    ["a socket closes", (session: Session) => session.sockets[1]?.destroy()],
    ["a message is unknown", (session: Session) => session.sockets[2]?.write(Buffer.from([99]))],
    ["its shell ends", (session: Session) => session.shell.destroy()],
  ])("ends with all of its sockets when %s", async (_, end) => {
    const phone = await bootedPhone();
    const session = await start(phone, "", 3);
    end(session);
    for (const reader of session.readers) while (await reader.some().catch(() => null));
    expect(phone.isListening("scrcpy_1a2b3c4d")).toBe(false);
  });

  it("takes no more connections than it has sockets for", async () => {
    const phone = await bootedPhone();
    await start(phone, "audio=false control=false", 1);
    expect(phone.open("localabstract:scrcpy_1a2b3c4d")).toBeNull();
  });

  it("gets a smaller video where the encoder takes no larger one, and a clear error where none fits", async () => {
    const phone = await bootedPhone({ "sim.encoderMaxSize": "800" });
    const large = new SimPhone({ ...phone.spec, width: 1080, height: 1920 }, { disk: phone.disk });
    onTestFinished(() => large.powerOff());
    large.powerOn();
    const { readers } = await start(large, "audio=false control=false cleanup=false", 1);
    const meta = await readers[0]?.exactly(12);
    expect(meta?.readUInt32BE(8)).toBe(800);
    const line = launchLine("scid=00000001 tunnel_forward=true downsize_on_error=false");
    expect(await outputOf(open(large, line))).toContain("ERROR: Video encoding error");
  });

  it.each([
    ["another version", launchLine("", "4.0"), "does not match the client (4.0)"],
    ["a word that is no option", launchLine("nonsense"), 'Invalid key=value pair: "nonsense"'],
    ["a codec it lacks", launchLine("video_codec=av1"), "Video codec av1 not supported"],
  ])("says in its log why it does not run: %s", async (_, line, why) => {
    const phone = await bootedPhone();
    expect(await outputOf(open(phone, line))).toContain(`[server] ERROR: `);
    expect(await outputOf(open(phone, line))).toContain(why);
  });

  it("does not run from a file that is not the one expected", async () => {
    const phone = await bootedPhone();
    phone.writeFile(jarPath, Buffer.from("damaged"));
    expect(await outputOf(open(phone, launchLine("")))).toContain("not the file that was expected");
    phone.disk.files.delete(jarPath);
    expect(await outputOf(open(phone, launchLine("")))).toContain("no such file");
  });
});
