import { maxPayloadBytes, type VideoPayload } from "./rtp.ts";
import type { Seal } from "./srtp.ts";

export interface VideoStreamOptions {
  readonly ssrc: number;
  readonly seal: Seal;
  /** Takes `bytes` of `room` from `at` on, which are one datagram and stay as they are until a while after. */
  send(room: Buffer, at: number, bytes: number): void;
}

/** What the packets of one picture say of it. */
export interface PictureHeader {
  readonly payloadType: number;
  /** Of the stream's clock, 32 bits. */
  readonly timestamp: number;
  /** The number of the extension "playout-delay", whose delay is none; null: the viewer does not know it. */
  readonly playoutDelay: number | null;
}

/** As many of the last packets can be sent again: a key frame's and those of the next pictures. */
const keptPackets = 256;
/** Header, extension, payload and tag. */
const maxBytes = 12 + 8 + maxPayloadBytes + 16;

/**
 * A viewer's stream of video: writes each packet, encrypted, into a ring of the last ones and has it sent from there, and so it is sent again when the viewer has lost it.
 * Nothing is made for a packet that outlives it: at 60 viewers the rubbish of 25,000 packets a second was a third of an agent's time.
 */
export class VideoStream {
  readonly #options: VideoStreamOptions;
  readonly #ring = Buffer.alloc(keptPackets * maxBytes);
  readonly #kept = Array.from({ length: keptPackets }, () => ({ seq: -1, bytes: 0 }));
  #seq = 0;
  #rollover = 0;
  /** Since the stream began, modulo 2^32 both, as sender reports have it (RFC 3550, 6.4.1). */
  packets = 0;
  octets = 0;

  constructor(options: VideoStreamOptions) {
    this.#options = options;
  }

  sendPicture(payloads: readonly VideoPayload[], header: PictureHeader): void {
    for (const [index, payload] of payloads.entries()) this.#send(payload, header, index === 0);
  }

  /** Sends a packet once more, the very same bytes; nothing when it is too long ago. */
  sendAgain(seq: number): void {
    const slot = seq % keptPackets;
    const kept = this.#kept[slot];
    if (kept?.seq === seq) this.#options.send(this.#ring, slot * maxBytes, kept.bytes);
  }

  #send({ payload, marker }: VideoPayload, header: PictureHeader, isFirst: boolean): void {
    this.#seq = (this.#seq + 1) & 0xffff;
    if (this.#seq === 0) this.#rollover = (this.#rollover + 1) >>> 0;
    const slot = this.#seq % keptPackets;
    const at = slot * maxBytes;
    const kept = this.#kept[slot];
    if (!kept) return;
    const headerBytes = this.#writeHeader(at, header, isFirst);
    if (marker) this.#ring.writeUInt8(0x80 | header.payloadType, at + 1);
    kept.seq = this.#seq;
    kept.bytes = this.#options.seal({ room: this.#ring, at, headerBytes }, payload, {
      seq: this.#seq,
      rollover: this.#rollover,
    });
    this.packets = (this.packets + 1) >>> 0;
    this.octets = (this.octets + payload.length) >>> 0;
    this.#options.send(this.#ring, at, kept.bytes);
  }

  /** RFC 3550, 5.1; the extension in RFC 8285's form of one byte, said of a picture once. Returns its length. */
  #writeHeader(at: number, header: PictureHeader, isFirst: boolean): number {
    const { payloadType, timestamp, playoutDelay } = header;
    const isExtended = isFirst && playoutDelay !== null;
    const ring = this.#ring;
    ring.writeUInt8(isExtended ? 0x90 : 0x80, at);
    ring.writeUInt8(payloadType, at + 1);
    ring.writeUInt16BE(this.#seq, at + 2);
    ring.writeUInt32BE(timestamp, at + 4);
    ring.writeUInt32BE(this.#options.ssrc, at + 8);
    if (!isExtended) return 12;
    ring.writeUInt32BE(0xbede_0001, at + 12);
    // Its number, the length of three bytes less one, and three bytes of zero.
    ring.writeUInt32BE(((playoutDelay << 28) | (2 << 24)) >>> 0, at + 16);
    return 20;
  }
}
