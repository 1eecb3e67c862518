/**
 * The machine as the checks see it: each method is one question with an answer of plain JSON, so that a check is pure and the answers of
 * a real machine can be kept in a file and asked again (recorded.ts). No method rejects, and each gives up after `answerMs`.
 */
export interface System {
  readonly self: Self;
  /** Milliseconds since 1970, by this machine's clock. */
  now(): number;
  /** A file's text, unpacked when its name ends in .gz; null when it is not there or may not be read. */
  readText(path: string): Promise<string | null>;
  /** The names in a folder; null when it is not there or may not be read. */
  names(path: string): Promise<readonly string[] | null>;
  /** What this process may do with a path. */
  access(path: string): Promise<Access>;
  /** The filesystem that a path is on, or would be on once it is made. */
  space(path: string): Promise<Space | null>;
  /** Null: there is no such program. */
  run(command: readonly string[]): Promise<Ran | null>;
  http(request: HttpQuestion): Promise<HttpAnswer>;
  /** Connects (TCP) or sends (UDP), and tells the first bytes that come back. */
  exchange(request: Exchange): Promise<Reply>;
}

/** The process that asks. */
export interface Self {
  readonly uid: number;
  readonly user: string;
  /** As Node says it: x64, arm64. */
  readonly arch: string;
  /** The kernel's: 6.1.0-18-amd64. */
  readonly release: string;
  readonly cpus: number;
}

export type Access = "none" | "denied" | "read" | "write";

export interface Space {
  readonly totalBytes: number;
  /** What this user may still write. */
  readonly freeBytes: number;
  readonly totalInodes: number;
  readonly freeInodes: number;
}

export interface Ran {
  /** Null: ended by the deadline. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HttpQuestion {
  readonly url: string;
  /** Over this Unix socket; the URL's host then means nothing. */
  readonly socketPath?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type HttpAnswer =
  | { readonly status: number; readonly date: string | null; readonly body: string }
  | { readonly error: string };

export interface Exchange {
  readonly protocol: "tcp" | "udp";
  readonly host: string;
  readonly port: number;
  readonly sendHex: string;
}

export type Reply = { readonly replyHex: string } | { readonly error: string };

export const answerMs = 1500;
