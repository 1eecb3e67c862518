import { createHmac } from "node:crypto";
import type { Id } from "@cloudphone/shared/ids";
import type { IceServer } from "@cloudphone/shared/live";

export interface IceConfig {
  /** "stun:host:port" */
  readonly stunUrl: string | null;
  /** "turn:host:port": by UDP, and by TCP where no UDP gets through. */
  readonly turnUrl: string | null;
  /** What the TURN server was given as its `static-auth-secret`. */
  readonly turnSecret: string | null;
  /** Viewers never learn a host's addresses: pictures go by TURN, or by the hub's relay. */
  readonly relayOnly: boolean;
}

const credentialMs = 12 * 3_600_000;

/**
 * The servers by which the two ends of a session may find each other, with a credential of its own that ends by itself: the name holds the time, the
 * password is its HMAC under the secret shared with the server (TURN REST API, draft-uberti-behave-turn-rest-00 section 2.2; coturn's
 * `use-auth-secret`). Pure.
 */
export function iceServers(
  { stunUrl, turnUrl, turnSecret }: IceConfig,
  sessionId: Id,
  nowMs: number,
): IceServer[] {
  const servers: IceServer[] = stunUrl === null ? [] : [{ urls: stunUrl }];
  if (turnUrl === null || turnSecret === null) return servers;
  const username = `${Math.floor((nowMs + credentialMs) / 1000)}:${sessionId}`;
  const credential = createHmac("sha1", turnSecret).update(username).digest("base64");
  // UDP first: hosts ask the first, and change to TCP by themselves.
  const ways = [turnUrl, `${turnUrl}?transport=tcp`];
  return [...servers, ...ways.map((urls) => ({ urls, username, credential }))];
}
