import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { type SessionPurpose, sessionPurposes } from "@cloudphone/shared/relay";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";

const audience = "cloudphone.relay";
/** From the request to the dialling; the session it opens lasts as long as the lease. */
const ticketMs = 60_000;

const claimsSchema = z.object({
  sid: z.uuid(),
  side: z.enum(["client", "host"]),
  purpose: z.enum(sessionPurposes),
  device: z.uuid(),
  lease: z.int().min(0),
  sub: z.uuid(),
});

/** The right to one side of one session. It names all it was given for, so that none of it can be swapped for another. */
export interface Ticket {
  readonly sessionId: Id;
  readonly side: "client" | "host";
  readonly purpose: SessionPurpose;
  readonly deviceId: Id;
  /** Fencing token of the lease; 0: none. */
  readonly token: number;
  readonly userId: Id;
}

/** A JWT (HS256), signed with a key of its own: no access token is a ticket, and no ticket an access token. */
export function signTicket(key: Uint8Array, ticket: Ticket, nowMs: number): Promise<string> {
  const { sessionId, side, purpose, deviceId, token, userId } = ticket;
  return new SignJWT({ sid: sessionId, side, purpose, device: deviceId, lease: token })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(userId)
    .setAudience(audience)
    .setExpirationTime(Math.ceil((nowMs + ticketMs) / 1000))
    .sign(key);
}

/** Fault `forbidden` for a ticket that is not ours, or over. */
export async function verifyTicket(
  key: Uint8Array,
  ticket: string,
  nowMs: number,
): Promise<Ticket> {
  try {
    const { payload } = await jwtVerify(ticket, key, {
      audience,
      algorithms: ["HS256"],
      currentDate: new Date(nowMs),
    });
    const { sid, side, purpose, device, lease, sub } = claimsSchema.parse(payload);
    return { sessionId: sid, side, purpose, deviceId: device, token: lease, userId: sub };
  } catch (cause) {
    throw new Fault("forbidden", "The session's ticket is not valid, or its time is over.", {
      cause,
    });
  }
}
