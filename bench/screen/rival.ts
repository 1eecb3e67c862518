import { PeerConnection, type Track } from "node-datachannel";
import type { LiveCandidate } from "@cloudphone/shared/live";

export interface RivalEvents {
  onAnswer(sdp: string): void;
  onCandidate(candidate: LiveCandidate): void;
  onOpen(): void;
}

/** libdatachannel, a WebRTC stack in C++, in the role of an agent's peer: takes whole RTP packets and encrypts and sends them. */
export class Rival {
  readonly #pc: PeerConnection;
  /** Kept, or it is collected and closed. */
  #track: Track | null = null;
  #payloadType = 0;
  #seq = 0;

  constructor(events: RivalEvents) {
    this.#pc = new PeerConnection("bench", { iceServers: [], bindAddress: "127.0.0.1" });
    this.#pc.onLocalDescription((sdp) => events.onAnswer(sdp));
    this.#pc.onLocalCandidate((candidate, sdpMid) =>
      events.onCandidate({ candidate, sdpMid, sdpMLineIndex: 0 }),
    );
    this.#pc.onTrack((track) => {
      this.#track = track;
      track.onOpen(() => events.onOpen());
    });
  }

  accept(offer: string): void {
    this.#payloadType = Number(/a=rtpmap:(\d+) H264/i.exec(offer)?.[1] ?? 0);
    this.#pc.setRemoteDescription(offer, "offer" as never);
  }

  addCandidate({ candidate, sdpMid }: LiveCandidate): void {
    this.#pc.addRemoteCandidate(candidate, sdpMid ?? "0");
  }

  /** Throws when a packet is not taken. */
  sendPicture(payloads: readonly { payload: Buffer; marker: boolean }[], timestamp: number): void {
    for (const { payload, marker } of payloads) {
      const packet = Buffer.allocUnsafe(12 + payload.length);
      packet[0] = 0x80;
      packet[1] = (marker ? 0x80 : 0) | this.#payloadType;
      packet.writeUInt16BE((this.#seq = (this.#seq + 1) & 0xffff), 2);
      packet.writeUInt32BE(timestamp >>> 0, 4);
      packet.writeUInt32BE(1, 8);
      payload.copy(packet, 12);
      if (!this.#track?.sendMessageBinary(packet)) throw new Error("a packet was not sent");
    }
  }

  close(): void {
    this.#pc.close();
  }
}
