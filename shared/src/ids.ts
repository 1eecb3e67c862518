import { z } from "zod";

/** Every id of the platform is a UUID in lower case; most are version 7, so they sort by the time they were made. */
export const idSchema = z.uuid();
export type Id = string;

/**
 * A version 7 UUID (RFC 9562 section 5.7): 48 bits of milliseconds since 1970, then 74 random bits.
 * Pure: the caller brings the time and 16 random bytes.
 */
export function uuidv7(nowMs: number, random: Uint8Array): Id {
  const bytes = Uint8Array.from(random.subarray(0, 16));
  if (bytes.length !== 16) throw new RangeError("uuidv7 needs 16 random bytes");
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(nowMs / 2 ** 32));
  view.setUint32(2, nowMs % 2 ** 32);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join("-");
}

/** Where ids and the wall clock come from; passed in, so that tests can replay a run. */
export interface Source {
  /** A fresh version 7 UUID. */
  id(): Id;
  /** Milliseconds since 1970, for display and for event times; never for measuring a duration. */
  now(): number;
}
