import { describe, expect, it } from "vitest";
import { RtpHeader, SrtpSession } from "werift";
import { leadBytes, maxSealed, type PacketPlace, SrtpSealer, tagBytes } from "./srtp.ts";

const masterKey = Buffer.from("e1f97a0d3e018be0d64fa32c06de4139", "hex");
const masterSalt = Buffer.from("0ec675ad498afeebb6960b3aabe6", "hex");
const ssrc = 0xfafe_f00d;

/** What werift, which encrypts and decrypts in its own way, makes of the same keys. */
const local = { localMasterKey: masterKey, localMasterSalt: masterSalt };
const remote = { remoteMasterKey: masterKey, remoteMasterSalt: masterSalt };
const werift = () => new SrtpSession({ keys: { ...local, ...remote }, profile: 1 });
const { srtpSessionKey, srtpSessionSalt, srtpSessionAuthTag } = werift().localContext;
const keys = { key: srtpSessionKey, salt: srtpSessionSalt, authKey: srtpSessionAuthTag };

interface Packet {
  readonly seq: number;
  readonly rollover: number;
  readonly payload: Buffer;
}

const headerOf = (seq: number): RtpHeader =>
  new RtpHeader({ sequenceNumber: seq, timestamp: 7, ssrc, payloadType: 96, marker: true });
const bytes = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, n) => n * 7));

/** Seals packets that lie in one room, a gap of odd bytes between them. */
function sealed(packets: readonly Packet[]): Buffer[] {
  const room = Buffer.alloc(packets.length * 1400, 0xee);
  const sealer = new SrtpSealer(keys, ssrc, room);
  const places = packets.map(({ seq, rollover, payload }, n): PacketPlace => {
    const at = n * 1400 + leadBytes;
    const header = headerOf(seq);
    header.serialize(12).copy(room, at);
    payload.copy(room, at + 12);
    sealer.prepare(at);
    return { at, headerBytes: 12, payloadBytes: payload.length, seq, rollover };
  });
  sealer.seal(places);
  const ends = places.map(({ at, payloadBytes }) => at + 12 + payloadBytes + tagBytes);
  for (const [n, end] of ends.entries())
    expect(room.subarray(end, (n + 1) * 1400).every((byte) => byte === 0xee)).toBe(true);
  return places.map(({ at }, n) => room.subarray(at, ends[n]));
}

describe("a packet that is sealed", () => {
  it("has the keys that RFC 3711, B.3 derives from its master key and salt", () => {
    expect(keys.key.toString("hex")).toBe("c61e7a93744f39ee10734afe3ff7a087");
    expect(keys.salt.toString("hex")).toMatch(/^30cbbc08863d8c85d49db34a9ae1/);
    expect(keys.authKey.toString("hex")).toBe("cebe321f6ff7716b6fd4ab49af256a156d38baa4");
  });

  it.each([0, 1, 0x1_2345, 0xffff_fffe])(
    "is what werift makes of it, at rollover %i",
    (rollover) => {
      const { cipher } = werift().localContext;
      const packets = [0, 1, 3, 15, 16, 17, 500, 1180].map((size, n) => ({
        seq: (n * 9311) & 0xffff,
        rollover,
        payload: bytes(size),
      }));
      const theirs = packets.map(({ seq, payload }) =>
        cipher.encryptRtp(headerOf(seq), payload, rollover).toString("hex"),
      );
      expect(sealed(packets).map((packet) => packet.toString("hex"))).toEqual(theirs);
    },
  );

  it("is read by its viewer, also when as many as go are sealed at once", () => {
    const session = werift();
    const packets = Array.from({ length: maxSealed }, (_, n) => ({
      seq: n,
      rollover: 0,
      payload: bytes(1180 - n),
    }));
    const read = sealed(packets).map((packet) => session.decrypt(packet).subarray(12));
    expect(read).toEqual(packets.map(({ payload }) => payload));
  });
});
