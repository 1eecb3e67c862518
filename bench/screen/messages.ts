import type { LiveCandidate } from "@cloudphone/shared/live";

/** What the processes of the benchmark say to each other; the first one passes signals on. */
export type Signal =
  | { readonly type: "offer"; readonly viewer: number; readonly sdp: string }
  | { readonly type: "answer"; readonly viewer: number; readonly sdp: string }
  | {
      readonly type: "candidate";
      readonly viewer: number;
      readonly candidate: LiveCandidate | null;
    };

/** What a flood sends as fast as it can: bare datagrams, encrypted ones, an agent's peer, or node-datachannel (libdatachannel) in its place. */
export type FloodWay = "dgram" | "encrypted" | "peer" | "rival";

/** The viewer that node-datachannel sends to. */
export const rivalViewer = 1_000_000;

export type ToSender =
  | { readonly type: "window" }
  | { readonly type: "memory" }
  | { readonly type: "close"; readonly viewer: number }
  | { readonly type: "flood"; readonly way: FloodWay; readonly port: number };

export type FromSender =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "connected"; readonly viewer: number }
  | ({ readonly type: "memory" } & Held)
  | {
      readonly type: "flooded" /** Of processor time, so that what else the machine does is not in it. */;
      readonly packetsPerSecond: number;
    }
  | ({ readonly type: "window" } & Window);

/** What the sender's process has in use, after its rubbish was taken out. */
export interface Held {
  /** Of the whole process, as the kernel counts. */
  readonly residentBytes: number;
  /** Of its heap and of buffers. */
  readonly heldBytes: number;
  readonly descriptors: number;
}

export interface Window {
  readonly ms: number;
  readonly pictures: number;
  /** Their RTP packets. */
  readonly packets: number;
  /** Of one core, from 0 to 1. */
  readonly core: number;
  /** From a picture's last byte read to its last packet handed to the kernel, ms. */
  readonly added: { readonly p50: number; readonly p99: number };
  /** From the phone's write to its last packet handed to the kernel, ms. */
  readonly done: { readonly p50: number; readonly p99: number };
}

export type ToViewers =
  | { readonly type: "add" | "close"; readonly viewer: number }
  | { readonly type: "count" };
export type FromViewers =
  | { readonly type: "ready"; readonly discardPort: number }
  /** All that have come since the beginning. */
  | { readonly type: "received"; readonly packets: number };
