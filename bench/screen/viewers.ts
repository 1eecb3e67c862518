import { createSocket } from "node:dgram";
import { once } from "node:events";
import { RTCPeerConnection, StunProtocol, useH264 } from "werift";
import type { FromViewers, Signal, ToViewers } from "./messages.ts";

/**
 * Viewers in a process of their own. Each reads and counts all that it gets and reports as a browser does, but decrypts one packet in 50: in JavaScript all of them would take more than
 * the sender has to give, and what was measured would be the sender's share of a machine that its viewers fill. For the same reason they ask for no packet again.
 */

const viewers = new Map<number, RTCPeerConnection>();
const decryptedOf = 50;
let packets = 0;

/** Media begins with a byte from 128 to 191, and is RTCP if the next one is 192 to 223 (RFC 7983, RFC 5761). */
const isMedia = (data: Buffer): boolean => {
  const [first = 0, second = 0] = data;
  return first >= 128 && first < 192 && (second < 192 || second > 223);
};

const arrived = StunProtocol.prototype["datagramReceived"];
StunProtocol.prototype["datagramReceived"] = function (
  this: StunProtocol,
  data: Buffer,
  address: [string, number],
) {
  if (!isMedia(data) || packets++ % decryptedOf === 0) arrived.call(this, data, address);
};

const say = (message: FromViewers | Signal): void => void process.send?.(message);

async function add(viewer: number): Promise<void> {
  const pc = new RTCPeerConnection({
    codecs: { video: [useH264({ rtcpFeedback: [] })] },
    bundlePolicy: "max-bundle",
    // What sends beside it to be compared does so by IPv4, which costs the kernel less.
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ["127.0.0.1"],
  });
  viewers.set(viewer, pc);
  pc.addTransceiver("video", { direction: "recvonly" });
  await pc.setLocalDescription(await pc.createOffer());
  say({ type: "offer", viewer, sdp: pc.localDescription?.sdp ?? "" });
}

process.on("message", (message: ToViewers | Signal) => {
  if (message.type === "count") return say({ type: "received", packets });
  const pc = viewers.get(message.viewer);
  if (message.type === "add") void add(message.viewer);
  if (message.type === "close") {
    viewers.delete(message.viewer);
    void pc?.close();
  }
  if (message.type === "answer")
    void pc?.setRemoteDescription({ type: "answer", sdp: message.sdp });
  if (message.type !== "candidate" || !message.candidate) return;
  const { candidate, sdpMid } = message.candidate;
  void pc?.addIceCandidate({ candidate, sdpMid: sdpMid ?? "0" });
});
process.on("disconnect", () => process.exit(0));

const discard = createSocket("udp4").bind(0, "127.0.0.1");
await once(discard, "listening");
say({ type: "ready", discardPort: discard.address().port });
