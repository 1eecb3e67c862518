import { describe, expect, it } from "vitest";
import type { PacketIndex } from "./srtp.ts";
import { VideoStream } from "./video-stream.ts";

/** A stream whose packets are not encrypted: what it sends, and by which index each would have been. */
function stream() {
  const sent: Buffer[] = [];
  const indexes: PacketIndex[] = [];
  const video = new VideoStream({
    ssrc: 0xcafe_f00d,
    seal: ({ room, at, headerBytes }, payload, index) => {
      indexes.push({ ...index });
      room.set(payload, at + headerBytes);
      return headerBytes + payload.length;
    },
    send: (room, at, bytes) => sent.push(Buffer.from(room.subarray(at, at + bytes))),
  });
  return { video, sent, indexes };
}

const header = { payloadType: 97, timestamp: 0xfedc_ba98, playoutDelay: null };
const picture = (packets: number) =>
  Array.from({ length: packets }, (_, n) => ({
    payload: Buffer.from([n & 0xff, 0xaa]),
    marker: n === packets - 1,
  }));

describe("a viewer's stream of video", () => {
  it("numbers its packets, and marks a picture's last one", () => {
    const { video, sent } = stream();
    video.sendPicture(picture(2), header);
    expect(sent.map((packet) => packet.toString("hex"))).toEqual([
      "80610001fedcba98cafef00d00aa",
      "80e10002fedcba98cafef00d01aa",
    ]);
    expect([video.packets, video.octets]).toEqual([2, 4]);
  });

  it("says of a picture once, by its first packet, that it need not wait", () => {
    const { video, sent } = stream();
    video.sendPicture(picture(2), { ...header, playoutDelay: 14 });
    expect(sent.map((packet) => packet.toString("hex"))).toEqual([
      "90610001fedcba98cafef00dbede0001e200000000aa",
      "80e10002fedcba98cafef00d01aa",
    ]);
  });

  it("never gives two packets one index, though their numbers begin anew", () => {
    const { video, indexes, sent } = stream();
    for (let n = 0; n < 140; n++) video.sendPicture(picture(500), header);
    const counted = indexes.map(({ seq, rollover }) => rollover * 65_536 + seq);
    expect(counted).toEqual(Array.from({ length: 70_000 }, (_, n) => n + 1));
    expect(sent.at(65_535)?.readUInt16BE(2)).toBe(0);
  });

  it("sends a lost packet again as it was, and none that is too old or was never sent", () => {
    const { video, sent } = stream();
    video.sendPicture(picture(300), header);
    const [lost, last] = [sent[44], sent[299]];
    sent.length = 0;
    for (const seq of [45, 300, 44, 301, 0, 65_535]) video.sendAgain(seq);
    expect(sent).toEqual([lost, last]);
  });
});
