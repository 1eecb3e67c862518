import type { PerDevice } from "./capacity.ts";
import type { System } from "./system.ts";

/** What of the machine the checks are about. */
export interface Subject {
  readonly dataDir: string;
  /** Kinds of device this host is meant to have: a phone on a cable needs no binder. */
  readonly kinds: ReadonlySet<string>;
  /** Null: not enrolled, and none was named. */
  readonly hub: { readonly url: string; readonly mqtt: { host: string; port: number } } | null;
  readonly turn: { readonly host: string; readonly port: number } | null;
  /** Null: containers run on another machine. */
  readonly dockerSocket: string | null;
  /** Of the adb servers that its kinds of device go through; most often one. */
  readonly adbPorts: readonly number[];
  /** Where scrcpy's server should lie, and whether the operator said so. */
  readonly scrcpyServer: { readonly file: string; readonly configured: boolean };
  readonly perDevice: PerDevice;
  /** 12 random bytes for the STUN question. */
  readonly transactionId: Uint8Array;
}

/** What mends it, as a person would type it. */
export interface Remedy {
  readonly command: string;
  /**
   * Whether `--fix` may run it: it loads a module, raises a limit or starts a service, harms nothing that runs, and can be taken back.
   * Nothing that installs, removes, restarts or gives rights is.
   */
  readonly safe: boolean;
  readonly root: boolean;
}

export type Finding =
  | { readonly level: "ok" | "skipped"; readonly says: string }
  | {
      /** `fail`: phones can't work. `warn`: they work, but worse, or not much longer. */
      readonly level: "warn" | "fail";
      readonly says: string;
      readonly why: string;
      readonly remedy: Remedy | null;
    };

/** One thing to look at. Pure but for what it asks the system; it never changes anything. */
export interface Check {
  /** area.thing */
  readonly id: string;
  readonly looksAt: string;
  /** Only for hosts that have one of these kinds of device; absent: for each host. */
  readonly kinds?: readonly string[];
  look(system: System, subject: Subject): Promise<Finding>;
}

export const ok = (says: string): Finding => ({ level: "ok", says });
export const skipped = (says: string): Finding => ({ level: "skipped", says });

interface Problem {
  readonly says: string;
  readonly why: string;
  readonly remedy?: Remedy;
}
export const warn = ({ says, why, remedy }: Problem): Finding => ({
  level: "warn",
  says,
  why,
  remedy: remedy ?? null,
});
export const fail = ({ says, why, remedy }: Problem): Finding => ({
  level: "fail",
  says,
  why,
  remedy: remedy ?? null,
});

/** A remedy that `--fix` may run, as root. */
export const safely = (command: string): Remedy => ({ command, safe: true, root: true });
/** A remedy for a person to run, as root. */
export const byHand = (command: string): Remedy => ({ command, safe: false, root: true });
