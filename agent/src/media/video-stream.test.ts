import { describe, expect, it } from "vitest";
import { SrtpSession } from "werift";
import { VideoStream } from "./video-stream.ts";

const ssrc = 0xcafe_f00d;
const [key, salt] = [Buffer.alloc(16, 1), Buffer.alloc(14, 2)];

/** A stream, what it sends, and its viewer's keys. */
function stream() {
  const sent: Buffer[] = [];
  const session = new SrtpSession({
    keys: {
      localMasterKey: key,
      localMasterSalt: salt,
      remoteMasterKey: key,
      remoteMasterSalt: salt,
    },
    profile: 1,
  });
  const { srtpSessionKey, srtpSessionSalt, srtpSessionAuthTag } = session.localContext;
  const video = new VideoStream({
    ssrc,
    keys: { key: srtpSessionKey, salt: srtpSessionSalt, authKey: srtpSessionAuthTag },
    send: (room, at, bytes) => sent.push(Buffer.from(room.subarray(at, at + bytes))),
  });
  const read = () => sent.map((packet) => session.decrypt(packet).toString("hex"));
  return { video, sent, read };
}

const header = { payloadType: 97, timestamp: 0xfedc_ba98, playoutDelay: null };
const picture = (packets: number) =>
  Array.from({ length: packets }, (_, n) => ({
    payload: Buffer.from([n & 0xff, 0xaa]),
    marker: n === packets - 1,
  }));

describe("a viewer's stream of video", () => {
  it("numbers its packets, and marks a picture's last one", () => {
    const { video, read } = stream();
    video.sendPicture(picture(2), header);
    expect(read()).toEqual(["80610001fedcba98cafef00d00aa", "80e10002fedcba98cafef00d01aa"]);
    expect(video.sent).toEqual({ packets: 2, octets: 4 });
  });

  it("says of a picture once, by its first packet, that it need not wait", () => {
    const { video, read } = stream();
    video.sendPicture(picture(2), { ...header, playoutDelay: 14 });
    expect(read()).toEqual([
      "90610001fedcba98cafef00dbede0001e200000000aa",
      "80e10002fedcba98cafef00d01aa",
    ]);
  });

  it("is read on when its packets' numbers begin anew", () => {
    const { video, sent, read } = stream();
    for (let n = 0; n < 140; n++) video.sendPicture(picture(470), header);
    // A viewer counts from one to the next, and so must see some of what lies between.
    sent.splice(0, sent.length, ...sent.filter((_, n) => n % 1000 === 0 || n > 65_500));
    expect(read().at(-1)?.slice(-4)).toBe("d5aa");
    expect(sent.at(-1)?.readUInt16BE(2)).toBe((140 * 470) & 0xffff);
  });

  it("refuses a payload that no packet has room for", () => {
    const payload = Buffer.alloc(1181);
    expect(() => stream().video.sendPicture([{ payload, marker: true }], header)).toThrow(
      RangeError,
    );
  });

  it("sends a lost packet again as it was, and none that is too old or was never sent", () => {
    const { video, sent } = stream();
    video.sendPicture(picture(300), header);
    const [lost, last] = [sent[44], sent[299]];
    sent.length = 0;
    for (const seq of [45, 300, 44, 301, 0, 65_535]) video.sendAgain(seq);
    expect(sent).toEqual([lost, last]);
  });

  it("sends a packet again ten times at most, and the one that takes its place as often", () => {
    const { video, sent } = stream();
    const askOften = (seq: number): number => {
      sent.length = 0;
      for (let n = 0; n < 100; n++) video.sendAgain(seq);
      return sent.length;
    };
    video.sendPicture(picture(1), header);
    expect(askOften(1)).toBe(10);
    video.sendPicture(picture(256), header);
    expect([askOften(1), askOften(257)]).toEqual([0, 10]);
  });
});
