import { z } from "zod";

/** Every id of the platform is a UUID in lower case; most are version 7, so they sort by the time they were made. */
export const idSchema = z.uuid("this is no id; lists show them");
export type Id = string;

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * A version 7 UUID (RFC 9562 section 5.7): 48 bits of milliseconds since 1970, then 74 random bits.
 * Pure: the caller brings the time and 16 random bytes.
 */
export function uuidv7(nowMs: number, random: Uint8Array): Id {
  if (random.length < 16) throw new RangeError("uuidv7 needs 16 random bytes");
  const time = Math.floor(nowMs).toString(16).padStart(12, "0");
  const hex = (at: number): string => hexOf[random[at] ?? 0] ?? "";
  const version = hexOf[0x70 | ((random[6] ?? 0) & 0x0f)] ?? "";
  const variant = hexOf[0x80 | ((random[8] ?? 0) & 0x3f)] ?? "";
  const node = hex(10) + hex(11) + hex(12) + hex(13) + hex(14) + hex(15);
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}${hex(7)}-${variant}${hex(9)}-${node}`;
}

const pooledBytes = 8192;

/**
 * 16 random bytes at a time, each given once, from a pool that `fill` fills anew when it is used up: to ask the system for each id took 10 times as long as all
 * else about it. They are the caller's until the next call.
 */
export function randomBytesOf(fill: (pool: Uint8Array) => void): () => Uint8Array {
  const pool = new Uint8Array(pooledBytes);
  let at = pooledBytes;
  return () => {
    if (at === pooledBytes) {
      fill(pool);
      at = 0;
    }
    at += 16;
    return pool.subarray(at - 16, at);
  };
}

/** Where ids and the wall clock come from; passed in, so that tests can replay a run. */
export interface Source {
  /** A fresh version 7 UUID. */
  id(): Id;
  /** Milliseconds since 1970, for display and for event times; never for measuring a duration. */
  now(): number;
}
