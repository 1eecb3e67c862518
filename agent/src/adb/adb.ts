/** The one adb edge: only this folder imports adbkit. Every call has a deadline and every stream an error listener. */

/** How to reach one device through an adb server. */
export interface AdbTarget {
  /** The adb server (smart-socket protocol). `bin` null: never start one. */
  readonly server: { readonly host: string; readonly port: number; readonly bin: string | null };
  readonly serial: string;
  /** "host:port" to `adb connect` first, for a device on TCP; null for one the server finds itself. */
  readonly connect: string | null;
}

export interface ShellResult {
  /** stdout and stderr together, as the v1 shell service mixes them. */
  readonly output: string;
  readonly exitCode: number;
}

export interface InstallProblem {
  /** As the package manager says it: INSTALL_FAILED_… */
  readonly code: string;
}

/** One device over adb. All rejections are Faults: `unavailable` (not reachable), `timed_out`, or what the call names. */
export interface AdbDevice {
  /** Resolves once sys.boot_completed is 1. */
  waitBooted(options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  /** Arguments are quoted one by one: a name with `'; reboot; '` stays a name. */
  shell(args: readonly string[], options: { timeoutMs: number }): Promise<ShellResult>;
  /** Pushes the package under a unique name, installs it over what is there, removes the pushed file. `install_failed` with the phone's code. */
  install(apkPath: string, options: { timeoutMs: number }): Promise<void>;
  /** `not_found` when it is not installed. */
  uninstall(packageName: string, options: { timeoutMs: number }): Promise<void>;
  packages(options: { timeoutMs: number }): Promise<string[]>;
  properties(options: { timeoutMs: number }): Promise<Record<string, string>>;
  /** A PNG. */
  screenshot(options: { timeoutMs: number }): Promise<Buffer>;
  close(): Promise<void>;
}

export interface Adb {
  open(target: AdbTarget): Promise<AdbDevice>;
  close(): Promise<void>;
}
