import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const prefix = "whsec_";

/** Shown once to whoever makes a webhook: 256 random bits. */
export const newWebhookSecret = (): string => `${prefix}${randomBytes(32).toString("base64")}`;

/**
 * The headers of a message, as the Standard Webhooks specification has them: an id that stays the same over all attempts, the time of sending in seconds, and the HMAC-SHA256 over
 * `id.timestamp.body`. A receiver refuses what is older than a few minutes, and what it has had.
 */
export function signedHeaders(
  message: { readonly id: string; readonly body: string },
  { secret, nowMs }: { secret: string; nowMs: number },
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  return {
    "content-type": "application/json",
    "user-agent": "cloudphone-webhooks/1",
    "webhook-id": message.id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${hmac(secret, `${message.id}.${timestamp}.${message.body}`)}`,
  };
}

/** What a receiver does; here for tests and for those who read how. */
export function isSigned(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  { body, secret }: { body: string; secret: string },
): boolean {
  const signature = String(headers["webhook-signature"] ?? "");
  const text = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  const wanted = Buffer.from(`v1,${hmac(secret, text)}`);
  const given = Buffer.from(signature);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

const hmac = (secret: string, text: string): string =>
  createHmac("sha256", Buffer.from(secret.slice(prefix.length), "base64"))
    .update(text)
    .digest("base64");
