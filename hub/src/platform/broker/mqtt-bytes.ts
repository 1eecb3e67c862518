/** MQTT 3.1.1 packets byte by byte, also such as no client library would send. For tests. */

const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** Section 2.2.3: 7 bits a byte, the lowest first. */
export function packet(head: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let left = body.length;
  do {
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.concat([Buffer.from([head, ...length]), body]);
}

export interface Connect {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly will?: { readonly topic: string; readonly payload: string };
  readonly protocolLevel?: number;
  readonly clean?: boolean;
}

export function connect(options: Connect): Buffer {
  const { clientId, username = clientId, password = "right", will, clean = true } = options;
  const flags = 0xc0 | (will ? 0x04 : 0) | (clean ? 0x02 : 0);
  return packet(
    0x10,
    text("MQTT"),
    Buffer.from([options.protocolLevel ?? 4, flags, 0, 60]),
    text(clientId),
    ...(will ? [text(will.topic), text(will.payload)] : []),
    text(username),
    text(password),
  );
}

const id = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

export const publish = (
  topic: string | Buffer,
  payload: string,
  { qos = 1, packetId = 1 }: { qos?: number; packetId?: number } = {},
): Buffer =>
  packet(0x30 | (qos << 1), text(topic), ...(qos > 0 ? [id(packetId)] : []), Buffer.from(payload));

export const subscribe = (filter: string, qos = 1): Buffer =>
  packet(0x82, id(1), text(filter), Buffer.from([qos]));

export const unsubscribe = (filter: string): Buffer => packet(0xa2, id(1), text(filter));

export interface Packet {
  /** 2 CONNACK, 3 PUBLISH, 4 PUBACK, 9 SUBACK. */
  readonly type: number;
  readonly body: Buffer;
}

/** The whole packets at the beginning of `bytes`, and what is left behind them. */
export function parse(bytes: Buffer): { packets: Packet[]; rest: Buffer } {
  const packets: Packet[] = [];
  let rest = bytes;
  for (;;) {
    let length = 0;
    let at = 1;
    for (let shift = 0; ; shift += 7, at++) {
      const byte = rest[at];
      if (byte === undefined) return { packets, rest };
      length += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) break;
    }
    const end = at + 1 + length;
    if (rest.length < end) return { packets, rest };
    packets.push({ type: (rest[0] ?? 0) >> 4, body: rest.subarray(at + 1, end) });
    rest = rest.subarray(end);
  }
}

/** The topic of a PUBLISH. */
export const topicOf = ({ body }: Packet): string =>
  body.subarray(2, 2 + body.readUInt16BE(0)).toString();
