import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { IceServer, LiveCandidate } from "@cloudphone/shared/live";
import { expect, it, onTestFinished } from "vitest";
import {
  GenericNack,
  type PeerConfig,
  RtcpSrPacket,
  RtcpTransportLayerFeedback,
  RTCPeerConnection,
  RTCRtpHeaderExtensionParameters,
  type RTCRtpReceiver,
  type RtpPacket,
  useH264,
} from "werift";
import { Peer } from "./peer.ts";

const playoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";

interface Meeting {
  readonly peer: Peer;
  readonly answer: string;
  readonly packets: RtpPacket[];
  readonly receiver: RTCRtpReceiver;
  readonly told: (LiveCandidate | null)[];
}

/** An agent's peer, and a viewer who makes it an offer. */
async function meet(
  viewer: Partial<PeerConfig>,
  iceServers: readonly IceServer[] = [],
): Promise<Meeting> {
  const [packets, told]: [RtpPacket[], (LiveCandidate | null)[]] = [[], []];
  const pc = new RTCPeerConnection({
    codecs: { video: [useH264()] },
    bundlePolicy: "max-bundle",
    iceAdditionalHostAddresses: ["127.0.0.1"],
    ...viewer,
  });
  const peer = new Peer({
    iceServers,
    relayOnly: false,
    hostAddresses: ["127.0.0.1"],
    portRange: null,
    events: {
      onCandidate: (candidate) => {
        told.push(candidate);
        if (candidate) void pc.addIceCandidate({ ...candidate, sdpMid: candidate.sdpMid ?? "0" });
      },
      onState: () => undefined,
      onMessage: () => undefined,
      onKeyFrameWanted: () => undefined,
      onReport: () => undefined,
    },
  });
  onTestFinished(async () => {
    await Promise.all([peer.close(), pc.close()]);
  });
  const transceiver = pc.addTransceiver("video", { direction: "recvonly" });
  transceiver.onTrack.subscribe((track) =>
    track.onReceiveRtp.subscribe((packet) => packets.push(packet)),
  );
  const { receiver } = transceiver;
  await pc.setLocalDescription(await pc.createOffer());
  const answer = await peer.accept(pc.localDescription?.sdp ?? "");
  await pc.setRemoteDescription({ type: "answer", sdp: answer });
  return { peer, answer, packets, receiver, told };
}

const until = (condition: () => boolean): Promise<void> =>
  expect.poll(condition, { timeout: 30_000, interval: 10 }).toBe(true);

/** Two packets of one picture, until they have come. */
async function extensionsOfAPicture({ peer, packets }: Meeting) {
  const payload = Buffer.from([0x65, 1, 2, 3]);
  await until(() => {
    peer.sendPicture(
      [
        { payload, marker: false },
        { payload, marker: true },
      ],
      performance.now(),
    );
    return packets.length >= 4;
  });
  const first = packets.findIndex(({ header }) => !header.marker);
  return packets.slice(first, first + 2).map(({ header }) => header.extensions);
}

it("a picture says by its first packet that it is to be shown as it comes", async () => {
  const extension = new RTCRtpHeaderExtensionParameters({ uri: playoutDelay });
  const meeting = await meet({ headerExtensions: { video: [extension] } });
  const [id] = /(?<=a=extmap:)\d+(?= \S+playout-delay)/.exec(meeting.answer) ?? [];
  expect(await extensionsOfAPicture(meeting)).toEqual([
    [{ id: Number(id), payload: Buffer.from([0, 0, 0]) }],
    [],
  ]);
}, 60_000);

it("a viewer that has not offered it is told nothing of it", async () => {
  const meeting = await meet({});
  expect(meeting.answer).not.toContain("a=extmap:");
  expect(await extensionsOfAPicture(meeting)).toEqual([[], []]);
}, 60_000);

it("a viewer is answered, and sees, while a TURN server gives no sign of life", async () => {
  const silent = createSocket("udp4").bind(0, "127.0.0.1");
  onTestFinished(() => void silent.close());
  await once(silent, "listening");
  const urls = `turn:127.0.0.1:${silent.address().port}`;
  const meeting = await meet({}, [{ urls, username: "somebody", credential: "secret" }]);
  await extensionsOfAPicture(meeting);
  expect(meeting.told).not.toContain(null);
}, 60_000);

it("what a viewer says it has lost is sent again, and sender reports count what was sent", async () => {
  const meeting = await meet({});
  const { peer, packets, receiver } = meeting;
  const reports: RtcpSrPacket[] = [];
  receiver.onRtcp.subscribe((packet) => {
    if (packet instanceof RtcpSrPacket) reports.push(packet);
  });
  await extensionsOfAPicture(meeting);
  const [first] = packets;
  if (!first) throw new Error("no packet has come");
  const { sequenceNumber, ssrc } = first.header;
  const copies = () => packets.filter((packet) => packet.header.sequenceNumber === sequenceNumber);
  const feedback = new GenericNack({
    senderSsrc: 1,
    mediaSourceSsrc: ssrc,
    lost: [sequenceNumber, 60_000],
  });
  await receiver.dtlsTransport.sendRtcp([new RtcpTransportLayerFeedback({ feedback })]);
  await until(() => copies().length > 1);
  expect(copies().map(({ payload }) => payload)).toEqual([first.payload, first.payload]);
  await until(() => reports.length > 0);
  const { senderInfo } = reports.at(-1) ?? {};
  expect(senderInfo?.packetCount).toBeGreaterThanOrEqual(2);
  expect(senderInfo?.octetCount).toBe(4 * (senderInfo?.packetCount ?? 0));
  expect(packets.map(({ header }) => header.timestamp)).toContain(senderInfo?.rtpTimestamp);
  await peer.close();
}, 60_000);
