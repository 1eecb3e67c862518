import { timingSafeEqual } from "node:crypto";
import { eventTopic, parseTopic } from "@cloudphone/shared/topics";
import { hashSecret } from "../auth/tokens.ts";

const prefix = "listener-";

/** How a listener signs in: this as user name, and as client id alone or with "/" and anything after it. */
export const listenerName = (id: string): string => `${prefix}${id}`;

/** The id in such a user name; null when it is none, or the client id would take over somebody else's connection. Pure. */
export function listenerOf(username: string, clientId: string): string | null {
  if (!username.startsWith(prefix)) return null;
  const own = clientId === username || clientId.startsWith(`${username}/`);
  return own ? username.slice(prefix.length) : null;
}

/** Whether rights like "order.paid", "order.*" or "*" cover an event type. Pure. */
export const covers = (types: readonly string[], type: string): boolean =>
  types.some((right) =>
    right.endsWith("*") ? type.startsWith(right.slice(0, -1)) : right === type,
  );

/** Whether a listener may subscribe to a topic: to all events, of which it gets those it has a right to, or to one such type. Pure. */
export function maySubscribe(types: readonly string[], topic: string): boolean {
  if (topic === eventTopic("+") || topic === eventTopic("#")) return true;
  const parsed = parseTopic(topic);
  return parsed?.kind === "event" && covers(types, parsed.type);
}

/** Pure but for the time it takes, which is always the same. */
export const isSecret = (secret: string, hash: string): boolean =>
  timingSafeEqual(Buffer.from(hashSecret(secret)), Buffer.from(hash));
