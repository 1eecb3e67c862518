/**
 * The parts that the hub's work is divided into, so that several hubs share it: each part has one hub at a time. A fixed number, since hosts'
 * topics and consumers' cursors are kept by it; more hubs than parts serve only the API.
 */
export const partitionCount = 16;

/** The part that something with this name (a subject, a host, a timer) belongs to: FNV-1a, 32 bits. Pure, and the same for ever. */
export function partitionOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++)
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) % partitionCount;
}

export const partitions: readonly number[] = Array.from({ length: partitionCount }, (_, at) => at);
