import type { Battery, DeviceSpec } from "@cloudphone/shared/device";
import type { ProviderReport } from "@cloudphone/shared/events/host";
import type { Id } from "@cloudphone/shared/ids";
import type { AdbTarget } from "../adb/adb.ts";

/**
 * What a provider stores to find its device again after the agent, the host's daemon or the whole host restarted. Plain JSON, written to
 * the agent's store before the device is used. `v` is the provider's own version of it.
 */
export interface Handle {
  readonly kind: string;
  readonly v: number;
  readonly [key: string]: unknown;
}

/** What a provider sees when it looks at a device. */
export type Observation =
  | {
      readonly state: "running";
      /** Changes each time the device's processes begin anew: a run never goes on over two instances. */
      readonly instanceId: string;
      readonly adb: AdbTarget;
      /** Of a phone that has one. */
      readonly battery?: Battery;
    }
  | {
      readonly state: "stopped";
      /** Known where it ended by itself: why, in words, and how long ago. */
      readonly reason?: string;
      readonly endedAgoMs?: number;
    }
  /** Not there any more, whoever removed it. */
  | { readonly state: "missing" }
  | {
      readonly state: "broken";
      readonly reason: string;
      /** How long it has not worked any more, where that is known. */
      readonly endedAgoMs?: number;
    };

/** Asked of every long call: give up when the signal aborts. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/**
 * Copies of devices' data, kept on the host beside the devices: neither a wipe nor the end of the device takes them away. A snapshot is named by
 * the hub and fits every device that this provider makes on this host.
 */
export interface Snapshots {
  /**
   * Copies all data of a stopped device. Asked again under the same id, it answers for what is there. A copy that was cut off does not exist.
   * `conflict` while the device runs, `disk_full` when there is no room.
   */
  create(handle: Handle, snapshotId: Id, options: CallOptions): Promise<{ readonly bytes: number }>;
  /**
   * Replaces all data of a stopped device by the snapshot's, in one step: cut off before its end, the device has what it had. The device's identity
   * (serial number, MAC) stays its own, so that a snapshot restored on another device makes a clone and not a twin. Returns the handle to keep
   * from now on. `not_found` without such a snapshot, `conflict` while the device runs.
   */
  restore(handle: Handle, snapshotId: Id, options: CallOptions): Promise<Handle>;
  /** Those that are whole. */
  list(options: CallOptions): Promise<readonly Id[]>;
  /** Gone already: no harm. */
  delete(snapshotId: Id, options: CallOptions): Promise<void>;
}

/**
 * Code that makes or finds one kind of device. The supervisor drives it and never asks which kind it is.
 *
 * Every method is idempotent: the supervisor repeats a call whose answer was lost. None blocks beyond its signal. Refusals are
 * Faults whose message is for a person. A provider keeps no truth of its own: what it must know is in the handle or out there.
 */
export interface Provider {
  readonly kind: string;
  /** What this host can do with it; cheap enough for every agent start. A label `snapshots: "true"` goes with the member of that name. */
  fingerprint(): Promise<ProviderReport>;
  /** Devices out there that carry our mark, with their device ids: the supervisor adopts them or destroys strays. */
  list(options: CallOptions): Promise<ReadonlyArray<{ deviceId: Id; handle: Handle }>>;
  /** Makes (or claims) the device, powered off. Finds the one an earlier unanswered call made. */
  create(
    device: { deviceId: Id; name: string; spec: DeviceSpec },
    options: CallOptions,
  ): Promise<Handle>;
  /** Powers it on; resolves when powered, before it has booted. Running already: no harm. */
  start(handle: Handle, options: CallOptions): Promise<void>;
  /** Powers it off, by force when it will not listen. Stopped already: no harm. */
  stop(handle: Handle, options: CallOptions): Promise<void>;
  /**
   * Removes everything a customer could have left, of a stopped device, and gives it a new identity. A provider of phones that can only be
   * wiped while they run starts and stops it itself. Returns the handle to keep from now on.
   */
  wipe(handle: Handle, options: CallOptions): Promise<Handle>;
  /** Removes it for good. Gone already: no harm. */
  destroy(handle: Handle, options: CallOptions): Promise<void>;
  observe(handle: Handle, options: CallOptions): Promise<Observation>;
  /** What the device itself last said (the end of a container's log), to go with the report of a failure. */
  explain?(handle: Handle, options: CallOptions): Promise<string>;
  /**
   * Calls back with the device that may have changed; with null when any may have. Only a hint to look sooner: the supervisor observes every device
   * regularly anyway.
   */
  watch(onHint: (deviceId: Id | null) => void): Disposable;
  /** Left out by a provider whose devices' data can't be copied. */
  readonly snapshots?: Snapshots;
  /** Lets go of connections and timers; devices stay as they are, unless they live inside this process. */
  close(): Promise<void>;
}
