import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";

const audience = "cloudphone.share";
const claimsSchema = z.object({ share: z.uuid() });

export const linkIsOver = (cause?: unknown): Fault =>
  new Fault(
    "not_found",
    "This link is over, or was never one: ask whoever sent it for another.",
    cause === undefined ? {} : { cause },
  );

/** What a share's link carries: a JWT (HS256) that names the share and ends with it. Whoever has it may look; the row behind it can end it before. */
export const signShare = (
  key: Uint8Array,
  { shareId, expiresAtMs }: { shareId: Id; expiresAtMs: number },
): Promise<string> =>
  new SignJWT({ share: shareId })
    .setProtectedHeader({ alg: "HS256" })
    .setAudience(audience)
    .setExpirationTime(Math.ceil(expiresAtMs / 1000))
    .sign(key);

/** The share that a link is for. Fault `not_found` for a link that is not ours, or over. */
export async function verifyShare(key: Uint8Array, link: string, nowMs: number): Promise<Id> {
  try {
    const { payload } = await jwtVerify(link, key, {
      audience,
      algorithms: ["HS256"],
      currentDate: new Date(nowMs),
    });
    return claimsSchema.parse(payload).share;
  } catch (cause) {
    throw linkIsOver(cause);
  }
}
