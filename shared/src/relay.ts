import type { FaultCode } from "./fault.ts";

/**
 * The relay: agent and client each dial a WebSocket at the hub, and the hub passes binary messages from one to the other. What the bytes mean is
 * the two ends' affair, told by the session's purpose: `adb` is the adb transport protocol, the agent being the device's side; `screen` a live view
 * (live.ts); `glance` small pictures of the screen, for lists (glance.ts).
 */

/** Path at the hub; the session is in the ticket. */
export const relayPath = "/relay";

/** Where a hub's relay is dialled. */
export const relayAddress = (hubUrl: string): string =>
  new URL(relayPath, hubUrl).href.replace(/^http/, "ws");

/**
 * Offered as WebSocket subprotocols, this first and the ticket second: the one place that a browser can put a credential besides the address,
 * and addresses end up in logs. The hub answers with this one alone.
 */
export const relayProtocol = "cloudphone.relay.v1";

/** No message is larger; whoever sends one is cut off. */
export const maxRelayMessageBytes = 256 * 1024;

export const sessionPurposes = ["adb", "screen", "glance"] as const;
export type SessionPurpose = (typeof sessionPurposes)[number];

interface RelayEnd {
  /** WebSocket close code (RFC 6455 section 7.4.2: 4000 to 4999 are for applications). */
  readonly code: number;
  /** What it is to a caller; null: nothing went wrong. */
  readonly fault: FaultCode | null;
  /** Whether dialling again can help. */
  readonly again: boolean;
  readonly text: string;
}

/** Why a session ended, in one table: the close code on the wire, the word in the event log, the sentence for a person. */
export const relayEnds = {
  closed: { code: 4000, fault: null, again: true, text: "The connection was closed." },
  lease_over: {
    code: 4001,
    fault: "stale_lease",
    again: false,
    text: "The phone's lease has ended.",
  },
  device_gone: {
    code: 4002,
    fault: "device_not_running",
    again: true,
    text: "The phone was switched off or restarted.",
  },
  peer_lost: {
    code: 4003,
    fault: "unavailable",
    again: true,
    text: "The other end of the connection broke off.",
  },
  no_peer: {
    code: 4004,
    fault: "unavailable",
    again: true,
    text: "The phone's host did not answer in time.",
  },
  idle: { code: 4005, fault: "timed_out", again: true, text: "Nothing was sent for too long." },
  too_long: {
    code: 4006,
    fault: "timed_out",
    again: true,
    text: "The connection has lasted as long as one may.",
  },
  hub_stopping: {
    code: 4007,
    fault: "unavailable",
    again: true,
    text: "The hub was stopped or restarted.",
  },
  refused: {
    code: 4008,
    fault: "unavailable",
    again: true,
    text: "The phone's host could not open the connection.",
  },
  ended_by_user: {
    code: 4009,
    fault: "interrupted",
    again: false,
    text: "The session was closed by its owner or an operator.",
  },
} as const satisfies Record<string, RelayEnd>;

export type RelayEndReason = keyof typeof relayEnds;
export const relayEndReasons = Object.keys(relayEnds) as [RelayEndReason, ...RelayEndReason[]];

/** The reason behind a WebSocket close code, or null: the connection broke without anybody saying why. */
export const relayEndOf = (code: number): RelayEndReason | null =>
  relayEndReasons.find((reason) => relayEnds[reason].code === code) ?? null;
