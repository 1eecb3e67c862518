import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { Fault } from "@cloudphone/shared/fault";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import type { Id } from "@cloudphone/shared/ids";

const accessMs = 15 * 60_000;

const claimsSchema = z.object({ sub: z.uuid(), sid: z.uuid(), exp: z.number() });

/** What an access token says: whose it is and of which sign-in. What they may do is looked up when it is used. */
export interface AccessClaims {
  readonly userId: Id;
  readonly signInId: Id;
}

/** A JWT (HS256), good for 15 minutes and no longer than its sign-in. */
export async function signAccessToken(
  key: Uint8Array,
  { userId, signInId }: AccessClaims,
  nowMs: number,
): Promise<{ token: string; expiresAt: string }> {
  const expires = nowMs + accessMs;
  const token = await new SignJWT({ sid: signInId })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(userId)
    .setIssuer("cloudphone")
    .setIssuedAt(Math.floor(nowMs / 1000))
    .setExpirationTime(Math.floor(expires / 1000))
    .sign(key);
  return { token, expiresAt: new Date(expires).toISOString() };
}

const rememberedTokens = 10_000;

/**
 * What an access token says; rejects with Fault `unauthenticated` for one that is not ours, or over. A token's signature is checked once (2 ms of a
 * thread's round trip) and remembered until it is over, the oldest forgotten first; the time is looked at in every call.
 */
export function createTokenVerifier(
  key: Uint8Array,
): (token: string, nowMs: number) => Promise<AccessClaims> {
  const known = new Map<string, Verified>();
  return async (token, nowMs) => {
    const found = known.get(token);
    if (found && nowMs < found.expiresAtMs) return found.claims;
    known.delete(token);
    const verified = await verifyAccessToken(key, token, nowMs);
    known.set(token, verified);
    const [oldest] = known.keys();
    if (known.size > rememberedTokens && oldest !== undefined) known.delete(oldest);
    return verified.claims;
  };
}

interface Verified {
  readonly claims: AccessClaims;
  readonly expiresAtMs: number;
}

async function verifyAccessToken(key: Uint8Array, token: string, nowMs: number): Promise<Verified> {
  try {
    const { payload } = await jwtVerify(token, key, {
      issuer: "cloudphone",
      algorithms: ["HS256"],
      currentDate: new Date(nowMs),
    });
    const { sub, sid, exp } = claimsSchema.parse(payload);
    return { claims: { userId: sub, signInId: sid }, expiresAtMs: exp * 1000 };
  } catch (cause) {
    throw new Fault("unauthenticated", "Your sign-in is over or not valid; sign in again.", {
      cause,
    });
  }
}

/**
 * A secret that is random enough to be stored as a plain hash: refresh tokens, enrolment tokens, host secrets. Its beginning tells scanners what
 * it is, and keeps it from beginning with a dash, which a command line would take for an option.
 */
export const newSecret = (): string => `cp_${randomBytes(32).toString("base64url")}`;
/** An API key; how it begins tells it from an access token. */
export const newApiKey = (): string => `cpk_${randomBytes(32).toString("base64url")}`;
export const isApiKey = (token: string): boolean => token.startsWith("cpk_");
export const hashSecret = (secret: string): string =>
  createHash("sha256").update(secret).digest("hex");

/** `path` with an expiry and a signature in its query, good for whoever holds it. */
export function signPath(key: Uint8Array, path: string, expiresAtMs: number): string {
  return `${path}?exp=${expiresAtMs}&sig=${signature(key, path, expiresAtMs)}`;
}

export function verifyPath(key: Uint8Array, url: URL, nowMs: number): boolean {
  const expires = Number(url.searchParams.get("exp"));
  const given = Buffer.from(url.searchParams.get("sig") ?? "");
  const expected = Buffer.from(signature(key, url.pathname, expires));
  return expires > nowMs && given.length === expected.length && timingSafeEqual(given, expected);
}

const signature = (key: Uint8Array, path: string, expiresAtMs: number): string =>
  createHmac("sha256", key).update(`${path}\n${expiresAtMs}`).digest("base64url");
