import type { Duplex, Readable, Writable } from "node:stream";
import type { SeenDevice } from "./device-list.ts";

/** The one adb edge: only this folder imports adbkit. Every call has a deadline and every stream an error listener. */

/** An adb server (smart-socket protocol). `bin` null: never start one. */
export interface AdbServer {
  readonly host: string;
  readonly port: number;
  readonly bin: string | null;
}

/** How to reach one device through an adb server. */
export interface AdbTarget {
  readonly server: AdbServer;
  /** What the server knows it by: its serial, or for a phone whose serial is not unique the path "usb:1-2". */
  readonly serial: string;
  /** "host:port" to `adb connect` first, for a device on TCP; null for one the server finds itself. */
  readonly connect: string | null;
}

export interface ShellResult {
  /** stdout and stderr together, as the v1 shell service mixes them. */
  readonly output: string;
  readonly exitCode: number;
}

export interface ShellOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Of output; more is refused as `too_large`. 32 MiB unless told. */
  readonly maxBytes?: number;
}

export interface Progress {
  readonly bytes: number;
  /** Null for a source whose length is not known. */
  readonly totalBytes: number | null;
}

export interface TransferOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Called for each piece of up to 64 KiB; must not throw. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface PushFile {
  /** A path on this host, or bytes as they come. */
  readonly from: string | Readable;
  /** Absolute, with the file's name. */
  readonly to: string;
  /** Permission bits; 0o644 unless told. */
  readonly mode?: number;
}

export interface PullFile {
  /** Absolute path of a file on the phone. */
  readonly from: string;
  /** A path on this host, or where the bytes go; a stream is ended when all is there. */
  readonly to: string | Writable;
}

/**
 * One device over adb. All rejections are Faults: `unavailable` (not reachable), `timed_out`, `interrupted` (its signal was aborted), or what
 * the call names.
 */
export interface AdbDevice {
  /** Resolves once sys.boot_completed is 1. */
  waitBooted(options: { timeoutMs: number; signal: AbortSignal }): Promise<void>;
  /**
   * A service of the device by its name: `shell:…`, `tcp:…`, `localabstract:…`, `sync:` (AOSP packages/modules/adb/SERVICES.TXT). The stream is the
   * caller's: it has an error listener already, and no deadline once it is open. `unavailable` when nothing answers there.
   */
  open(service: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Duplex>;
  /** What its adb daemon can do, as the server has heard from it: `shell_v2`, `cmd`, … */
  features(options: { timeoutMs: number }): Promise<string[]>;
  /** Arguments are quoted one by one: a name with `'; reboot; '` stays a name. The program's input is empty. */
  shell(args: readonly string[], options: ShellOptions): Promise<ShellResult>;
  /**
   * The file appears whole or not at all: it is sent under another name beside its target, then renamed. `not_found` (the source, or the folder on
   * the phone), `forbidden`, `disk_full`, with the cause in words.
   */
  push(file: PushFile, options: TransferOptions): Promise<void>;
  /** A file on this host appears whole or not at all. `not_found`, `forbidden`, `bad_input` (a folder), with the cause in words. */
  pull(file: PullFile, options: TransferOptions): Promise<void>;
  /** Pushes the package under a unique name, installs it over what is there, removes the pushed file. `install_failed` with the phone's code. */
  install(apkPath: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<void>;
  /** `not_found` when it is not installed. */
  uninstall(packageName: string, options: ShellOptions): Promise<void>;
  packages(options: ShellOptions): Promise<string[]>;
  properties(options: ShellOptions): Promise<Record<string, string>>;
  /** A PNG. */
  screenshot(options: ShellOptions): Promise<Buffer>;
  close(): Promise<void>;
}

/** A lasting look at one adb server; one per server, whoever asks for it. */
export interface AdbWatch {
  /** What the server last said; null until it said anything, and while it does not answer. */
  readonly devices: readonly SeenDevice[] | null;
  /** Why it does not answer, in words. */
  readonly problem: string | null;
  /** Stays connected to these addresses ("host:port"), also over the end of the server or of a phone. */
  keep(addresses: readonly string[]): void;
  /** Why a kept address is not connected, in words; null when it is, or was not tried yet. */
  problemOf(address: string): string | null;
  /** Calls back when the list, or why an address is away, has changed. */
  onChange(listener: () => void): Disposable;
  /** Resolves when the server has been asked anew. */
  look(): Promise<void>;
}

export interface Adb {
  /** Also starts the server and connects to the phone where that is needed, and does so again for a later call. */
  open(target: AdbTarget): Promise<AdbDevice>;
  /** Begins at the first call for a server, ends with `close`. */
  watch(server: AdbServer): AdbWatch;
  /** Has the server drop its connection to a phone and make a new one: for a phone that is there and does not answer. */
  reconnect(target: AdbTarget, options: { timeoutMs: number }): Promise<void>;
  /**
   * Has the server forget a phone on TCP that is off, so that it does not go on connecting to the address, whoever listens there by then. Known to it or not: no
   * harm.
   */
  disconnect(target: AdbTarget, options: { timeoutMs: number }): Promise<void>;
  close(): Promise<void>;
}
