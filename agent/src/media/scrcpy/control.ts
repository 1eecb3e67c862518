/**
 * What a client can say on the control socket of scrcpy 3.3.3 (ControlMessage.java and control_msg.c at tag v3.3.3). Coordinates are pixels of the
 * video as it is now: the server drops what names another size.
 */
export type ControlMessage =
  | {
      readonly type: "key";
      readonly action: KeyAction;
      readonly keycode: number;
      readonly repeat?: number;
      readonly meta?: number;
    }
  /** At most 300 bytes of UTF-8, of characters that the phone's keyboard map has; other text goes by the clipboard. */
  | { readonly type: "text"; readonly text: string }
  | ({
      readonly type: "touch";
      readonly action: TouchAction;
      readonly pointerId: bigint;
      readonly pressure: number;
      readonly buttons?: number;
    } & Position)
  /** In notches: right and up are positive. */
  | ({
      readonly type: "scroll";
      readonly horizontal: number;
      readonly vertical: number;
      readonly buttons?: number;
    } & Position)
  | { readonly type: "back-or-screen-on"; readonly action: KeyAction }
  | {
      readonly type:
        | "expand-notifications"
        | "expand-settings"
        | "collapse-panels"
        | "rotate"
        | "reset-video";
    }
  | { readonly type: "get-clipboard"; readonly copy: "none" | "copy" | "cut" }
  /** A sequence other than 0 is acknowledged once the clipboard is set. */
  | {
      readonly type: "set-clipboard";
      readonly sequence: bigint;
      readonly paste: boolean;
      readonly text: string;
    }
  | { readonly type: "display-power"; readonly on: boolean }
  | { readonly type: "start-app"; readonly name: string };

export interface Position {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type KeyAction = "down" | "up";
export type TouchAction = "down" | "up" | "move";

// scrcpy's SC_CONTROL_MSG_TYPE_… in their order
const types = {
  key: 0,
  text: 1,
  touch: 2,
  scroll: 3,
  "back-or-screen-on": 4,
  "expand-notifications": 5,
  "expand-settings": 6,
  "collapse-panels": 7,
  "get-clipboard": 8,
  "set-clipboard": 9,
  "display-power": 10,
  rotate: 11,
  "start-app": 16,
  "reset-video": 17,
} as const satisfies Record<ControlMessage["type"], number>;

const keyActions = { down: 0, up: 1 } as const;
const touchActions = { down: 0, up: 1, move: 2 } as const;
const copyKeys = { none: 0, copy: 1, cut: 2 } as const;

export const maxTextBytes = 300;
/** SC_CONTROL_MSG_MAX_SIZE less the 14 bytes before the text. */
export const maxClipboardBytes = 256 * 1024 - 14;

type Of<K extends ControlMessage["type"]> = Extract<ControlMessage, { type: K }>;
type Encoders = { readonly [K in ControlMessage["type"]]: (message: Of<K>) => Buffer };

const bare = ({ type }: { type: keyof typeof types }): Buffer => Buffer.from([types[type]]);

const encoders: Encoders = {
  key: ({ action, keycode, repeat = 0, meta = 0 }) =>
    start(14, types.key).u8(keyActions[action]).i32(keycode).i32(repeat).i32(meta).bytes,
  text: (message) => {
    const text = cut(message.text, maxTextBytes);
    return Buffer.concat([start(5, types.text).i32(text.length).bytes, text]);
  },
  touch: (message) => {
    const { action, pointerId, pressure, buttons = 0 } = message;
    const head = start(32, types.touch).u8(touchActions[action]).i64(pointerId);
    const changed = action === "move" ? 0 : buttons;
    return head.position(message).u16(fixed16(pressure)).i32(changed).i32(buttons).bytes;
  },
  scroll: (message) =>
    start(21, types.scroll)
      .position(message)
      .i16(notches(message.horizontal))
      .i16(notches(message.vertical))
      .i32(message.buttons ?? 0).bytes,
  "back-or-screen-on": ({ action }) =>
    start(2, types["back-or-screen-on"]).u8(keyActions[action]).bytes,
  "get-clipboard": ({ copy }) => start(2, types["get-clipboard"]).u8(copyKeys[copy]).bytes,
  "set-clipboard": (message) => {
    const text = cut(message.text, maxClipboardBytes);
    const { sequence, paste } = message;
    const head = start(14, types["set-clipboard"])
      .i64(sequence)
      .u8(paste ? 1 : 0)
      .i32(text.length);
    return Buffer.concat([head.bytes, text]);
  },
  "display-power": ({ on }) => start(2, types["display-power"]).u8(on ? 1 : 0).bytes,
  "start-app": (message) => {
    const name = cut(message.name, 255);
    return Buffer.concat([start(2, types["start-app"]).u8(name.length).bytes, name]);
  },
  "expand-notifications": bare,
  "expand-settings": bare,
  "collapse-panels": bare,
  rotate: bare,
  "reset-video": bare,
};

/** The message's bytes. Texts that are too long are cut at a whole character. Pure. */
export const encodeControl = (message: ControlMessage): Buffer =>
  (encoders[message.type] as (message: ControlMessage) => Buffer)(message);

/** sc_float_to_u16fp: 1.0 is the largest number. */
const fixed16 = (share: number): number =>
  Math.min(0xffff, Math.max(0, Math.floor(share * 0x1_0000)));

/** sc_float_to_i16fp of a sixteenth of the notches, which are held between -16 and 16. */
const notches = (count: number): number =>
  Math.min(
    0x7fff,
    Math.max(-0x8000, Math.trunc((Math.max(-16, Math.min(16, count)) / 16) * 0x8000)),
  );

function cut(text: string, bytes: number): Buffer {
  const buffer = Buffer.alloc(Math.min(bytes, text.length * 3));
  return buffer.subarray(0, new TextEncoder().encodeInto(text, buffer).written);
}

const start = (length: number, type: number): MessageWriter => new MessageWriter(length).u8(type);

/** Fills a message of so many bytes; numbers are big-endian. */
class MessageWriter {
  readonly bytes: Buffer;
  #at = 0;

  constructor(length: number) {
    this.bytes = Buffer.alloc(length);
  }

  u8(value: number): this {
    this.#at = this.bytes.writeUInt8(value, this.#at);
    return this;
  }

  u16(value: number): this {
    this.#at = this.bytes.writeUInt16BE(value, this.#at);
    return this;
  }

  i16(value: number): this {
    this.#at = this.bytes.writeInt16BE(value, this.#at);
    return this;
  }

  i32(value: number): this {
    this.#at = this.bytes.writeInt32BE(value, this.#at);
    return this;
  }

  i64(value: bigint): this {
    this.#at = this.bytes.writeBigInt64BE(value, this.#at);
    return this;
  }

  position({ x, y, width, height }: Position): this {
    return this.i32(x).i32(y).u16(width).u16(height);
  }
}
