import { maxPayloadBytes, type VideoPayload } from "./rtp.ts";
import {
  leadBytes,
  maxSealed,
  type PacketPlace,
  type SrtpKeys,
  SrtpSealer,
  tagBytes,
} from "./srtp.ts";

export interface VideoStreamOptions {
  readonly ssrc: number;
  readonly keys: SrtpKeys;
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
/** Browsers ask for a packet ten times and give up; one that asks for ever has not the whole host answering it. */
const maxSentAgain = 10;
const maxHeaderBytes = 12 + 8;
const slotBytes = Math.ceil((leadBytes + maxHeaderBytes + maxPayloadBytes + tagBytes) / 4) * 4;

/**
 * A viewer's stream of video: writes each packet, encrypted, into a ring of the last ones and has it sent from there, and so it is sent again when the viewer has lost it.
 * Nothing is made for a packet that outlives it: of what werift's own way cost at 60 viewers, which are 25,000 packets a second, most was promises, copies and their collection.
 */
export class VideoStream {
  readonly #ssrc: number;
  readonly #sendOut: VideoStreamOptions["send"];
  readonly #sealer: SrtpSealer;
  readonly #ring = Buffer.alloc(keptPackets * slotBytes);
  readonly #kept = Array.from<PacketPlace | null>({ length: keptPackets }).fill(null);
  readonly #sentAgain = new Uint8Array(keptPackets);
  #seq = 0;
  #rollover = 0;
  #packets = 0;
  #octets = 0;

  constructor({ ssrc, keys, send }: VideoStreamOptions) {
    this.#ssrc = ssrc;
    this.#sendOut = send;
    this.#sealer = new SrtpSealer(keys, ssrc, this.#ring);
    for (let slot = 0; slot < keptPackets; slot++) this.#sealer.prepare(placeOf(slot));
  }

  /** What was sent since the stream began, modulo 2^32, as sender reports have it (RFC 3550, 6.4.1). */
  get sent(): { packets: number; octets: number } {
    return { packets: this.#packets, octets: this.#octets };
  }

  sendPicture(payloads: readonly VideoPayload[], header: PictureHeader): void {
    for (let first = 0; first < payloads.length; first += maxSealed) {
      const some = payloads.slice(first, first + maxSealed);
      const places = some.map((payload, n) => this.#write(payload, header, first + n === 0));
      this.#sealer.seal(places);
      for (const place of places) this.#send(place);
    }
  }

  /** Sends a packet once more, the very same bytes; nothing when it is too long ago, or was asked for too often. */
  sendAgain(seq: number): void {
    const slot = seq % keptPackets;
    const kept = this.#kept[slot];
    const times = this.#sentAgain[slot] ?? 0;
    if (kept?.seq !== seq || times >= maxSentAgain) return;
    this.#sentAgain[slot] = times + 1;
    this.#send(kept);
  }

  #send({ at, headerBytes, payloadBytes }: PacketPlace): void {
    this.#sendOut(this.#ring, at, headerBytes + payloadBytes + tagBytes);
  }

  #write({ payload, marker }: VideoPayload, header: PictureHeader, isFirst: boolean): PacketPlace {
    if (payload.length > maxPayloadBytes)
      throw new RangeError(`a payload of ${payload.length} bytes is too large for a packet`);
    this.#seq = (this.#seq + 1) & 0xffff;
    if (this.#seq === 0) this.#rollover = (this.#rollover + 1) >>> 0;
    const slot = this.#seq % keptPackets;
    const at = placeOf(slot);
    const headerBytes = this.#writeHeader(at, header, isFirst);
    if (marker) this.#ring.writeUInt8(0x80 | header.payloadType, at + 1);
    this.#ring.set(payload, at + headerBytes);
    this.#packets = (this.#packets + 1) >>> 0;
    this.#octets = (this.#octets + payload.length) >>> 0;
    const { length: payloadBytes } = payload;
    const place = { at, headerBytes, payloadBytes, seq: this.#seq, rollover: this.#rollover };
    this.#kept[slot] = place;
    this.#sentAgain[slot] = 0;
    return place;
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
    ring.writeUInt32BE(this.#ssrc, at + 8);
    if (!isExtended) return 12;
    ring.writeUInt32BE(0xbede_0001, at + 12);
    // Its number, the length of three bytes less one, and three bytes of zero.
    ring.writeUInt32BE(((playoutDelay << 28) | (2 << 24)) >>> 0, at + 16);
    return maxHeaderBytes;
  }
}

const placeOf = (slot: number): number => slot * slotBytes + leadBytes;
