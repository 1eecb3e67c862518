import type { IceServer, LiveCandidate, LivePath } from "@cloudphone/shared/live";
import { dataChannels } from "@cloudphone/shared/live";
import {
  MediaStreamTrack,
  ProtectionProfileAes128CmHmacSha1_80,
  type RTCDataChannel,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RTCRtpHeaderExtensionParameters,
  type RTCRtpSender,
  ntpTime,
  type RtcpPacket,
  RtcpRrPacket,
  RtcpSrPacket,
  RtpHeader,
  RtpPacket,
  type SrtpSession,
  useH264,
} from "werift";
import { DatagramWay } from "./datagram-way.ts";
import type { NetworkReport } from "./profile.ts";
import type { VideoPayload } from "./rtp.ts";
import { VideoStream } from "./video-stream.ts";

/** The one file that knows werift: a WebRTC connection to one viewer, who offers. */

export interface PeerOptions {
  readonly iceServers: readonly IceServer[];
  /** Only candidates of a TURN server are told: the viewer never learns this host's addresses. */
  readonly relayOnly: boolean;
  /** Addresses to offer besides those of the interfaces: a public one behind NAT, or loopback. */
  readonly hostAddresses: readonly string[];
  readonly portRange: readonly [number, number] | null;
  readonly events: PeerEvents;
}

export interface PeerEvents {
  onCandidate(candidate: LiveCandidate | null): void;
  onState(state: "connected" | "lost" | "closed"): void;
  /** A message of a data channel, not yet parsed. */
  onMessage(text: string): void;
  onKeyFrameWanted(): void;
  onReport(report: NetworkReport): void;
}

const opus = new RTCRtpCodecParameters({ mimeType: "audio/opus", clockRate: 48_000, channels: 2 });
const clockRate = 90_000;
/**
 * An extension of RTP's header (webrtc.googlesource.com, docs/native-code/rtp-hdrext/playout-delay): the least and the most time that a picture may wait at the
 * viewer, 12 bits each, in 10 ms. With none at all browsers show each picture as it comes; else they wait for as much as the network's, and this machine's,
 * pictures have ever been late: 150 ms after a while.
 */
const playoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
/** Waiting in the channel; a viewer that takes no messages loses them. */
const maxWaitingBytes = 256 * 1024;

export class Peer {
  readonly #pc: RTCPeerConnection;
  readonly #events: PeerEvents;
  readonly #relayOnly: boolean;
  readonly #video: RTCRtpSender;
  readonly #audio: RTCRtpSender;
  #input: RTCDataChannel | null = null;
  #stream: { readonly session: SrtpSession; readonly video: VideoStream } | null = null;
  #audioSeq = 0;
  #lastTime = 0;
  #playoutDelay: number | null = null;
  #connected = false;

  constructor({ iceServers, relayOnly, hostAddresses, portRange, events }: PeerOptions) {
    this.#events = events;
    this.#relayOnly = relayOnly;
    this.#pc = new RTCPeerConnection({
      codecs: { video: [useH264()], audio: [opus] },
      headerExtensions: { video: [new RTCRtpHeaderExtensionParameters({ uri: playoutDelay })] },
      // One transport for all: with any other policy each connection leaks descriptors.
      bundlePolicy: "max-bundle",
      iceServers: iceServers.map(({ urls, username, credential }) => ({
        urls,
        ...(username === undefined ? {} : { username }),
        ...(credential === undefined ? {} : { credential }),
      })),
      iceTransportPolicy: relayOnly ? "relay" : "all",
      iceAdditionalHostAddresses: [...hostAddresses],
      ...(portRange ? { icePortRange: [portRange[0], portRange[1]] as [number, number] } : {}),
    });
    this.#video = this.#pc.addTrack(new MediaStreamTrack({ kind: "video" }));
    this.#audio = this.#pc.addTrack(new MediaStreamTrack({ kind: "audio" }));
    this.#listen();
  }

  /** The answer to a viewer's offer, or to its offer of new paths for the connection there is. */
  async accept(offer: string): Promise<string> {
    await this.#pc.setRemoteDescription({ type: "offer", sdp: offer });
    this.#playoutDelay = this.#extension(playoutDelay);
    // The one that every browser must have (RFC 8827, 6.5); video-stream.ts knows no other.
    for (const transport of this.#pc.dtlsTransports)
      Object.assign(transport, { srtpProfiles: [ProtectionProfileAes128CmHmacSha1_80] });
    const answer = await this.#pc.createAnswer();
    await this.#pc.setLocalDescription(answer);
    return this.#told(this.#pc.localDescription?.sdp ?? answer.sdp);
  }

  /** A relayed candidate also names the address it was got from, which is this host's own; a browser under the same policy says 0.0.0.0 (RFC 8839, 5.1). */
  #told(text: string): string {
    return this.#relayOnly ? text.replace(/ raddr \S+ rport \d+/g, " raddr 0.0.0.0 rport 0") : text;
  }

  /** The number that the viewer knows an extension by; null: it has not offered it. */
  #extension(uri: string): number | null {
    const { video } = this.#pc.config.headerExtensions;
    const transceiver = this.#pc.getTransceivers().find(({ sender }) => sender === this.#video);
    const offered = transceiver?.headerExtensions.find((extension) => extension.uri === uri);
    // werift would answer with what was not offered.
    if (!offered && video) video.length = 0;
    // A greater number needs the longer form of extensions (RFC 8285, 4.3), which is not worth its bytes.
    return offered && offered.id <= 14 ? offered.id : null;
  }

  async addCandidate(candidate: LiveCandidate | null): Promise<void> {
    if (!candidate || candidate.candidate === "") return;
    const { sdpMid, sdpMLineIndex } = candidate;
    await this.#pc.addIceCandidate({
      candidate: candidate.candidate,
      ...(sdpMid === null ? {} : { sdpMid }),
      ...(sdpMLineIndex === null ? {} : { sdpMLineIndex }),
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** `atMs`: when the picture came, by a monotonic clock; later for each. */
  sendPicture(payloads: readonly VideoPayload[], atMs: number): void {
    if (!this.#connected || !this.#video.codec) return;
    // Never the same again: a picture shown a second time is a later one to the viewer.
    const time = Math.max(Math.round((atMs * clockRate) / 1000), this.#lastTime + 90);
    this.#lastTime = time;
    const stream = this.#openStream();
    const timestamp = time % 2 ** 32;
    const { payloadType } = this.#video.codec;
    stream.sendPicture(payloads, { payloadType, timestamp, playoutDelay: this.#playoutDelay });
    this.#account(stream, timestamp);
  }

  /** The stream under the connection's keys; a new connection below has others. */
  #openStream(): VideoStream {
    const { dtlsTransport, ssrc } = this.#video;
    const { srtp, iceTransport } = dtlsTransport;
    if (this.#stream?.session === srtp) return this.#stream.video;
    const { srtpSessionKey, srtpSessionSalt, srtpSessionAuthTag } = srtp.localContext;
    const keys = { key: srtpSessionKey, salt: srtpSessionSalt, authKey: srtpSessionAuthTag };
    const way = new DatagramWay(iceTransport.connection);
    const video = new VideoStream({
      ssrc,
      keys,
      send: (room, at, bytes) => way.send(room, at, bytes),
    });
    this.#stream = { session: srtp, video };
    return video;
  }

  /** werift's sender reports, which it keeps to itself, tell of what its own packets were: so they learn of ours. */
  #account(stream: VideoStream, timestamp: number): void {
    const sender = this.#video;
    const { packets, octets } = stream.sent;
    sender["packetCount"] = packets;
    sender["octetCount"] = octets;
    sender["rtpTimestamp"] = timestamp;
    sender["ntpTimestamp"] = ntpTime();
    void sender.runRtcp();
  }

  sendSound(data: Buffer, ptsUs: number): void {
    if (!this.#connected || !this.#audio.codec) return;
    this.#audioSeq = (this.#audioSeq + 1) & 0xffff;
    const timestamp = Math.round(ptsUs * 0.048) % 2 ** 32;
    const header = new RtpHeader({ sequenceNumber: this.#audioSeq, timestamp, marker: false });
    void this.#audio.sendRtp(new RtpPacket(header, data)).catch(() => undefined);
  }

  /** False when the channel is not open, or the viewer takes nothing. */
  sendMessage(text: string): boolean {
    const channel = this.#input;
    if (channel?.readyState !== "open" || channel.bufferedAmount > maxWaitingBytes) return false;
    channel.send(text);
    return true;
  }

  get path(): LivePath {
    const pair = this.#pc.iceTransports[0]?.connection.nominated;
    const relayed = [pair?.localCandidate.type, pair?.remoteCandidate.type].includes("relay");
    return relayed ? "turn" : "direct";
  }

  async close(): Promise<void> {
    this.#connected = false;
    await this.#pc.close();
  }

  #listen(): void {
    const events = this.#events;
    const pc = this.#pc;
    pc.onIceCandidate.subscribe((candidate) => {
      const json = candidate?.toJSON();
      events.onCandidate(
        json?.candidate
          ? {
              candidate: this.#told(json.candidate),
              sdpMid: json.sdpMid ?? null,
              sdpMLineIndex: json.sdpMLineIndex ?? null,
            }
          : null,
      );
    });
    pc.connectionStateChange.subscribe((state) => {
      this.#connected = state === "connected";
      if (state === "connected") events.onState("connected");
      else if (state === "closed") events.onState("closed");
      else if (state === "disconnected" || state === "failed") events.onState("lost");
    });
    pc.onDataChannel.subscribe((channel) => {
      if (channel.label === dataChannels.input) this.#listenToEnd(channel);
      channel.onMessage.subscribe((data) => events.onMessage(data.toString()));
    });
    this.#video.onPictureLossIndication.subscribe(() => events.onKeyFrameWanted());
    this.#video.onGenericNack.subscribe(({ lost }) => {
      for (const seq of lost) this.#stream?.video.sendAgain(seq);
    });
    this.#video.onRtcp.subscribe((packet) => this.#heed(packet));
  }

  /** A viewer that closes its connection ends its channels; ICE alone would notice half a minute later. */
  #listenToEnd(channel: RTCDataChannel): void {
    this.#input = channel;
    channel.stateChanged.subscribe((state) => {
      if (state !== "closed" || !this.#connected) return;
      this.#connected = false;
      this.#events.onState("closed");
    });
  }

  /** A receiver report tells how the network does; said once for each, and not from werift's statistics, which read the certificate each time. */
  #heed(packet: RtcpPacket): void {
    if (!(packet instanceof RtcpRrPacket || packet instanceof RtcpSrPacket)) return;
    const { ssrc } = this.#video;
    const rtt = this.#video["rtt"];
    const rttMs = rtt === undefined ? null : rtt * 1000;
    for (const report of packet.reports)
      if (report.ssrc === ssrc) this.#events.onReport({ loss: report.fractionLost / 256, rttMs });
  }
}

/** Makes a connection to nobody and lets go of it: the first one in a process loads and compiles for some 0.4 s. */
export async function warmUp(): Promise<void> {
  const pc = new RTCPeerConnection({ codecs: { video: [useH264()], audio: [opus] } });
  pc.addTransceiver("video", { direction: "recvonly" });
  await pc.setLocalDescription(await pc.createOffer());
  await pc.close();
}
