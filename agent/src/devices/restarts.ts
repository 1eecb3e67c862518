import { Fault } from "@cloudphone/shared/fault";
import type { Handle } from "../providers/provider.ts";

/** For whom a device is switched off and on, and until when: a command's context. */
export interface Errand {
  /** Of the lease it is done for; 0 for none. */
  readonly token: number;
  readonly signal: AbortSignal;
}

interface Restart extends PromiseWithResolvers<void>, Errand {
  readonly work: (handle: Handle) => Promise<void>;
  /** The device was switched off for it, and its work is done. */
  off: boolean;
}

/**
 * Those who wait for a device to have been off, and to run again. The supervisor's loop asks at each look, so that no other step comes between the
 * end of a run, the work, and the next start.
 */
export class Restarts {
  #all: Restart[] = [];

  /** Resolves once the device is back; `work` is called while it is off, and must not reject. */
  add(errand: Errand, work: (handle: Handle) => Promise<void>): Promise<void> {
    const { token, signal } = errand;
    const restart = { ...Promise.withResolvers<void>(), token, signal, work, off: false };
    this.#all.push(restart);
    return restart.promise;
  }

  /** Whether the device has yet to be switched off for somebody. */
  get waiting(): boolean {
    return this.#all.some(({ off }) => !off);
  }

  /** Who waits for another lease than the device has is refused; who has given up waiting is forgotten. Both only before anything was done. */
  refuseStale(token: number): void {
    for (const { off, token: theirs, reject } of this.#all)
      if (!off && theirs !== token)
        reject(new Fault("stale_lease", "The phone's lease is another one by now."));
    this.#all = this.#all.filter(
      ({ off, token: theirs, signal }) => off || (theirs === token && !signal.aborted),
    );
  }

  /** To be called while the device is off. `handleNow`: work may put another in its place. */
  async work(handleNow: () => Handle | null): Promise<void> {
    for (const restart of this.#all.filter(({ off }) => !off)) {
      const handle = handleNow();
      if (handle) await restart.work(handle);
      restart.off = true;
    }
  }

  /** The device is back, or is to stay off. */
  settle(): void {
    for (const { off, resolve } of this.#all) if (off) resolve();
    this.#all = this.#all.filter(({ off }) => !off);
  }

  end(fault: Fault): void {
    for (const { reject } of this.#all.splice(0)) reject(fault);
  }
}
