import { partitionOf, partitions } from "@cloudphone/shared/partitions";

/** Which part of the work is this hub's at this moment. */
export interface Ownership {
  /** The token by which it has a partition; null: it is another's, or nobody's. */
  tokenOf(partition: number): number | null;
  /** Since when, on the monotonic clock; null as above. */
  sinceMs(partition: number): number | null;
  /** Whether a hub with that id is at work, this one among them. */
  isAtWork(hubId: string): boolean;
  /** Calls back when partitions were won or lost. */
  onChanged(listener: () => void): Disposable;
}

/** Of a context that runs alone: every partition, for ever. */
export const ownsAll: Ownership = {
  tokenOf: () => 0,
  sinceMs: () => 0,
  isAtWork: () => true,
  onChanged: () => ({ [Symbol.dispose]: () => undefined }),
};

/** Whether what has this name (a subject, a host, a timer) is this hub's. */
export const owns = (ownership: Ownership, key: string): boolean =>
  ownership.tokenOf(partitionOf(key)) !== null;

export const ownedPartitions = (ownership: Ownership): number[] =>
  partitions.filter((partition) => ownership.tokenOf(partition) !== null);
