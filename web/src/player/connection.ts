import {
  dataChannels,
  type HostMessage,
  hostMessageSchema,
  type Input,
  type IceServer,
  type LiveCandidate,
  type LivePath,
} from "@cloudphone/shared/live";

export interface ConnectionEvents {
  onOffer(sdp: string): void;
  onCandidate(candidate: LiveCandidate | null): void;
  onState(state: "connected" | "disconnected" | "failed"): void;
  /** What the host says here while there is no line to the hub. */
  onMessage(message: HostMessage): void;
}

export interface ConnectionOptions {
  readonly iceServers: readonly IceServer[];
  readonly relayOnly: boolean;
  readonly events: ConnectionEvents;
}

/** More waiting than this and moves are left out: a finger's way matters less than where it is now. */
const maxWaitingBytes = 16 * 1024;

/** A WebRTC connection to the phone's host, which sends pictures and sound and takes input. This side offers. */
export class Connection {
  readonly pc: RTCPeerConnection;
  /** Pictures and sound; empty until the host has answered. */
  readonly stream = new MediaStream();
  readonly #events: ConnectionEvents;
  readonly #input: RTCDataChannel;
  readonly #moves: RTCDataChannel;
  readonly #early: (LiveCandidate | null)[] = [];

  constructor({ iceServers, relayOnly, events }: ConnectionOptions) {
    this.#events = events;
    this.pc = new RTCPeerConnection({
      iceServers: iceServers.map((server) => ({ ...server })) as RTCIceServer[],
      iceTransportPolicy: relayOnly ? "relay" : "all",
      bundlePolicy: "max-bundle",
    });
    this.#input = this.pc.createDataChannel(dataChannels.input);
    this.#input.addEventListener("message", ({ data }) => {
      const message = hostMessageSchema.safeParse(JSON.parse(String(data)));
      if (message.success) events.onMessage(message.data);
    });
    this.#moves = this.pc.createDataChannel(dataChannels.moves, {
      ordered: false,
      maxRetransmits: 0,
    });
    for (const kind of ["video", "audio"] as const) {
      const { receiver } = this.pc.addTransceiver(kind, { direction: "recvonly" });
      // Pictures are shown as they come: what a phone's screen needs is no smoothness of film but an answer to the finger.
      if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = 0;
    }
    this.pc.addEventListener("track", ({ track }) => this.stream.addTrack(track));
    this.pc.addEventListener("icecandidate", ({ candidate }) =>
      events.onCandidate(
        candidate && {
          candidate: candidate.candidate,
          sdpMid: candidate.sdpMid,
          sdpMLineIndex: candidate.sdpMLineIndex,
        },
      ),
    );
    this.pc.addEventListener("connectionstatechange", () => {
      const state = this.pc.connectionState;
      if (state === "connected" || state === "disconnected" || state === "failed")
        events.onState(state);
    });
  }

  async offer(): Promise<void> {
    const offer = await this.pc.createOffer();
    await this.pc.setLocalDescription(offer);
    this.#events.onOffer(offer.sdp ?? "");
  }

  async answer(sdp: string): Promise<void> {
    if (this.pc.signalingState !== "have-local-offer") return;
    await this.pc.setRemoteDescription({ type: "answer", sdp });
    for (const candidate of this.#early.splice(0)) await this.candidate(candidate);
  }

  async candidate(candidate: LiveCandidate | null): Promise<void> {
    if (!this.pc.remoteDescription) this.#early.push(candidate);
    else if (candidate) await this.pc.addIceCandidate(candidate).catch(() => undefined);
  }

  get isConnected(): boolean {
    return this.pc.connectionState === "connected";
  }

  /** False when it must go another way. */
  send(input: Input): boolean {
    if (this.#input.readyState !== "open") return false;
    const isMove = input.type === "touch" && input.action === "move";
    const channel = isMove && this.#moves.readyState === "open" ? this.#moves : this.#input;
    if (!isMove || channel.bufferedAmount < maxWaitingBytes) channel.send(JSON.stringify(input));
    return true;
  }

  /** Direct, or by a TURN server; null while there is no path. */
  async path(): Promise<LivePath | null> {
    const stats = await this.pc.getStats();
    const pair = selectedPair(stats);
    if (pair?.state !== "succeeded") return null;
    const ends = [pair.localCandidateId, pair.remoteCandidateId].map(
      (id) => stats.get(String(id)) as { candidateType?: string } | undefined,
    );
    return ends.some((end) => end?.candidateType === "relay") ? "turn" : "direct";
  }

  close(): void {
    this.pc.close();
  }
}

/** Many pairs may be nominated; one is in use. */
export function selectedPair(stats: RTCStatsReport): Stat | null {
  const transport = find(stats, ({ type }) => type === "transport");
  const id = transport?.selectedCandidatePairId;
  // Firefox has no transport's stats.
  return typeof id === "string"
    ? ((stats.get(id) as Stat | undefined) ?? null)
    : find(stats, (one) => one.type === "candidate-pair" && one.selected === true);
}

type Stat = Record<string, unknown> & { type: string };

export function find(stats: RTCStatsReport, wanted: (stat: Stat) => boolean): Stat | null {
  for (const stat of stats.values() as Iterable<Stat>) if (wanted(stat)) return stat;
  return null;
}
