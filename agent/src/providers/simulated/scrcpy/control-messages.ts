import type { ByteReader } from "../../../byte-reader.ts";

/** What a client says on the control socket (scrcpy 3.3.3, ControlMessageReader.java; all numbers big-endian). */
export type ControlMessage =
  | {
      readonly type: "key";
      readonly action: number;
      readonly keycode: number;
      readonly repeat: number;
      readonly meta: number;
    }
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "touch";
      readonly action: number;
      readonly pointerId: bigint;
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly pressure: number;
      readonly actionButton: number;
      readonly buttons: number;
    }
  | {
      readonly type: "scroll";
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      /** Notches, -16 to 16. */
      readonly horizontal: number;
      readonly vertical: number;
      readonly buttons: number;
    }
  | { readonly type: "back-or-screen-on"; readonly action: number }
  | { readonly type: "get-clipboard"; readonly copyKey: number }
  | {
      readonly type: "set-clipboard";
      readonly sequence: bigint;
      readonly paste: boolean;
      readonly text: string;
    }
  | { readonly type: "display-power"; readonly on: boolean }
  | { readonly type: "rotate" }
  | { readonly type: "start-app"; readonly name: string }
  | { readonly type: "reset-video" }
  /** Read whole, and without effect on a drawn phone: panels, UHID devices, keyboard settings. */
  | { readonly type: "ignored"; readonly id: number };

const maxTextBytes = 300;
const maxClipboardBytes = 256 * 1024 - 14;

/** Reads the next message, however the stream was cut into pieces; null at its end. Throws on what the real server's controller dies of. */
export async function readControlMessage(reader: ByteReader): Promise<ControlMessage | null> {
  const first = await reader.exactly(1);
  if (!first) return null;
  const id = first[0] ?? 0;
  const read = async (bytes: number): Promise<Buffer> => {
    const part = await reader.exactly(bytes);
    if (!part) throw new Error("the control socket ended inside a message");
    return part;
  };
  const text = async (most: number): Promise<string> => {
    const length = (await read(4)).readUInt32BE();
    if (length > most) throw new Error(`a text of ${length} bytes is longer than ${most}`);
    return (await read(length)).toString("utf8");
  };
  const message = fixed[id];
  if (message) return message.parse(await read(message.bytes));
  switch (id) {
    case 1:
      return { type: "text", text: await text(maxTextBytes) };
    case 9: {
      const head = await read(9);
      const [sequence, paste] = [head.readBigUInt64BE(), head[8] !== 0];
      return { type: "set-clipboard", sequence, paste, text: await text(maxClipboardBytes) };
    }
    case 12: {
      await read(6);
      await read((await read(1))[0] ?? 0);
      await read((await read(2)).readUInt16BE());
      return { type: "ignored", id };
    }
    case 13: {
      await read(2);
      await read((await read(2)).readUInt16BE());
      return { type: "ignored", id };
    }
    case 16:
      return { type: "start-app", name: (await read((await read(1))[0] ?? 0)).toString("utf8") };
    default:
      throw new Error(`Unknown event type: ${id}`);
  }
}

interface Fixed {
  /** Behind the type. */
  readonly bytes: number;
  parse(body: Buffer): ControlMessage;
}

const ignore = (id: number, bytes: number): Fixed => ({
  bytes,
  parse: () => ({ type: "ignored", id }),
});

const fixed: Readonly<Partial<Record<number, Fixed>>> = {
  0: {
    bytes: 13,
    parse: (body) => ({
      type: "key",
      action: body[0] ?? 0,
      keycode: body.readInt32BE(1),
      repeat: body.readInt32BE(5),
      meta: body.readInt32BE(9),
    }),
  },
  2: {
    bytes: 31,
    parse: (body) => ({
      type: "touch",
      action: body[0] ?? 0,
      pointerId: body.readBigInt64BE(1),
      x: body.readInt32BE(9),
      y: body.readInt32BE(13),
      width: body.readUInt16BE(17),
      height: body.readUInt16BE(19),
      pressure: body.readUInt16BE(21) / 0xffff,
      actionButton: body.readInt32BE(23),
      buttons: body.readInt32BE(27),
    }),
  },
  3: {
    bytes: 20,
    parse: (body) => ({
      type: "scroll",
      x: body.readInt32BE(0),
      y: body.readInt32BE(4),
      width: body.readUInt16BE(8),
      height: body.readUInt16BE(10),
      // 16-bit fixed point of a sixteenth of the notches (ControlMessageReader: parseInjectScrollEvent).
      horizontal: (body.readInt16BE(12) / 0x8000) * 16,
      vertical: (body.readInt16BE(14) / 0x8000) * 16,
      buttons: body.readInt32BE(16),
    }),
  },
  4: { bytes: 1, parse: (body) => ({ type: "back-or-screen-on", action: body[0] ?? 0 }) },
  5: ignore(5, 0),
  6: ignore(6, 0),
  7: ignore(7, 0),
  8: { bytes: 1, parse: (body) => ({ type: "get-clipboard", copyKey: body[0] ?? 0 }) },
  10: { bytes: 1, parse: (body) => ({ type: "display-power", on: body[0] !== 0 }) },
  11: { bytes: 0, parse: () => ({ type: "rotate" }) },
  14: ignore(14, 2),
  15: ignore(15, 0),
  17: { bytes: 0, parse: () => ({ type: "reset-video" }) },
};
