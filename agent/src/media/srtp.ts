import { createCipheriv, createHmac, createSecretKey, type KeyObject } from "node:crypto";

/** The keys of one direction of a connection, as DTLS has agreed on them and RFC 3711, 4.3 derives them for media. */
export interface SrtpKeys {
  readonly profile: "aead-aes-128-gcm" | "aes-128-cm-hmac-sha1-80";
  readonly key: Buffer;
  readonly salt: Buffer;
  /** Unused with GCM. */
  readonly authKey: Buffer;
}

/** One packet in `room`: at `at` its header, which must stand there already; behind it there is place for the payload and the tag. */
export interface Place {
  readonly room: Buffer;
  readonly at: number;
  readonly headerBytes: number;
}

/** Which packet it is: both numbers are part of its nonce, so no two packets of a stream may have the same. */
export interface PacketIndex {
  readonly seq: number;
  /** How often `seq` has begun anew. */
  readonly rollover: number;
}

/** Encrypts a payload into its place and signs it. Returns how many bytes the packet has. */
export type Seal = (place: Place, payload: Buffer, index: PacketIndex) => number;

/**
 * Makes what encrypts the packets of one stream (SRTP: RFC 3711; with GCM: RFC 7714). Written beside werift's since that makes some twenty objects for each packet:
 * here only those are made that node:crypto makes itself.
 */
export function sealer(keys: SrtpKeys, ssrc: number): Seal {
  // A raw key costs Node 24 ten times as much for each packet.
  const key = createSecretKey(keys.key);
  return keys.profile === "aead-aes-128-gcm"
    ? gcm(key, keys.salt, ssrc)
    : counterMode({ key, authKey: createSecretKey(keys.authKey) }, keys.salt, ssrc);
}

/** RFC 7714, 8.1: two zero bytes, SSRC, rollover counter and sequence number, with the salt on top. */
function gcm(key: KeyObject, salt: Buffer, ssrc: number): Seal {
  const nonce = Buffer.from(salt.subarray(0, 12));
  nonce.writeUInt32BE((nonce.readUInt32BE(2) ^ ssrc) >>> 0, 2);
  const [saltHigh, saltLow] = [salt.readUInt32BE(6), salt.readUInt16BE(10)];
  return ({ room, at, headerBytes }, payload, { seq, rollover }) => {
    nonce.writeUInt32BE((saltHigh ^ rollover) >>> 0, 6);
    nonce.writeUInt16BE(saltLow ^ seq, 10);
    const cipher = createCipheriv("aes-128-gcm", key, nonce);
    cipher.setAAD(room.subarray(at, at + headerBytes));
    room.set(cipher.update(payload), at + headerBytes);
    cipher.final();
    const end = at + headerBytes + payload.length;
    room.set(cipher.getAuthTag(), end);
    return end + 16 - at;
  };
}

/** RFC 3711, 4.1.1 and 4.2.1: the counter's first 14 bytes are SSRC and packet index on the salt; the tag also covers the rollover counter. */
function counterMode(
  { key, authKey }: { key: KeyObject; authKey: KeyObject },
  salt: Buffer,
  ssrc: number,
): Seal {
  const counter = Buffer.concat([salt.subarray(0, 14), Buffer.alloc(2)]);
  counter.writeUInt32BE((counter.readUInt32BE(4) ^ ssrc) >>> 0, 4);
  const [saltHigh, saltLow] = [salt.readUInt32BE(8), salt.readUInt16BE(12)];
  const rolloverBytes = Buffer.alloc(4);
  return ({ room, at, headerBytes }, payload, { seq, rollover }) => {
    counter.writeUInt32BE((saltHigh ^ rollover) >>> 0, 8);
    counter.writeUInt16BE(saltLow ^ seq, 12);
    room.set(createCipheriv("aes-128-ctr", key, counter).update(payload), at + headerBytes);
    const end = at + headerBytes + payload.length;
    rolloverBytes.writeUInt32BE(rollover);
    const tag = createHmac("sha1", authKey).update(room.subarray(at, end)).update(rolloverBytes);
    room.set(tag.digest().subarray(0, 10), end);
    return end + 10 - at;
  };
}
