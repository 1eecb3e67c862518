import { createSocket } from "node:dgram";
import { once } from "node:events";
import { RTCPeerConnection, useH264 } from "werift";
import type { FromViewers, Signal, ToViewers } from "./messages.ts";

/** Viewers in a process of their own: each decrypts and counts what it gets, and reports as a browser does. */

const viewers = new Map<number, RTCPeerConnection>();
let packets = 0;

const say = (message: FromViewers | Signal): void => void process.send?.(message);

async function add(viewer: number): Promise<void> {
  const pc = new RTCPeerConnection({
    codecs: { video: [useH264()] },
    bundlePolicy: "max-bundle",
    iceAdditionalHostAddresses: ["127.0.0.1"],
  });
  viewers.set(viewer, pc);
  pc.addTransceiver("video", { direction: "recvonly" }).onTrack.subscribe((track) =>
    track.onReceiveRtp.subscribe(() => packets++),
  );
  await pc.setLocalDescription(await pc.createOffer());
  say({ type: "offer", viewer, sdp: pc.localDescription?.sdp ?? "" });
}

process.on("message", (message: ToViewers | Signal) => {
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
setInterval(() => say({ type: "received", packets }), 200);

const discard = createSocket("udp4").bind(0, "127.0.0.1");
await once(discard, "listening");
say({ type: "ready", discardPort: discard.address().port });
