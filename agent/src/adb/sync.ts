import type { Duplex, Readable } from "node:stream";
import { Fault } from "@cloudphone/shared/fault";
import { ByteReader } from "../byte-reader.ts";
import { fileFault } from "./words.ts";

/** adbd takes no more in one DATA packet (SYNC.TXT). */
const chunkBytes = 64 * 1024;
/** adbd refuses longer paths. */
const maxPathBytes = 1024;
/** Of one folder; more is no folder but an attack. */
const maxEntries = 100_000;
const regularFile = 0o100000;
const directory = 0o040000;
const typeMask = 0o170000;

export interface RemoteStat {
  readonly kind: "file" | "folder" | "other" | "missing";
  /** The low 32 bits: the first version of the protocol has no more. */
  readonly bytes: number;
}

/**
 * The sync service, version 1 (AOSP packages/modules/adb/SYNC.TXT), over one opened `sync:` stream. adbkit's own has no back-pressure when it
 * pulls, and says "write after end" instead of why a push was refused.
 */
export class SyncSession {
  readonly #stream: Duplex;
  readonly #reader: ByteReader;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#reader = new ByteReader(stream);
  }

  /** What can't be looked at counts as missing: the protocol does not tell the two apart. */
  async stat(path: string): Promise<RemoteStat> {
    this.#request("STAT", path);
    const reply = await this.#exactly(16);
    return read(reply.readUInt32LE(4), reply.readUInt32LE(8));
  }

  /** What lies in a folder; nothing for what is none, which the protocol does not tell apart. Names that would lead out of it are refused. */
  async list(path: string): Promise<(RemoteStat & { readonly name: string })[]> {
    this.#request("LIST", path);
    const entries: (RemoteStat & { readonly name: string })[] = [];
    for (;;) {
      const head = await this.#exactly(20);
      const id = head.toString("latin1", 0, 4);
      const length = head.readUInt32LE(16);
      if (id === "DONE") return entries;
      if (id === "FAIL") throw await this.#refusal(head.readUInt32LE(4), path);
      if (id !== "DENT" || length > maxPathBytes || entries.length >= maxEntries)
        throw new Fault("unavailable", "The phone's answer is no folder.");
      const name = (await this.#exactly(length)).toString("utf8");
      if (name === "." || name === "..") continue;
      if (name === "" || /[/\0]/.test(name))
        throw new Fault("device_failed", "The phone names a file that can't be one.");
      entries.push({ name, ...read(head.readUInt32LE(4), head.readUInt32LE(8)) });
    }
  }

  /** The pieces of a file, as fast as they are taken. */
  async *receive(path: string): AsyncGenerator<Buffer> {
    this.#request("RECV", path);
    for (;;) {
      const header = await this.#exactly(8);
      const id = header.toString("latin1", 0, 4);
      const length = header.readUInt32LE(4);
      if (id === "DONE") return;
      if (id === "FAIL") throw await this.#refusal(length, path);
      if (id !== "DATA" || length > chunkBytes)
        throw new Fault("unavailable", "The phone's answer is no part of a file.");
      yield await this.#exactly(length);
    }
  }

  /** Sends all of the source; `modifiedS` in seconds since 1970. */
  async send(
    source: Readable,
    file: { path: string; mode: number; modifiedS: number; onChunk: (bytes: number) => void },
  ): Promise<void> {
    let answered = false;
    // Listened for from the start: a refusal comes while there is still something to send, and then the phone hangs up.
    const answer = this.#answer(file.path).finally(() => {
      answered = true;
    });
    answer.catch(() => undefined);
    this.#request("SEND", `${file.path},${regularFile | file.mode}`);
    for await (const piece of source as AsyncIterable<Buffer | string>) {
      const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
      for (let at = 0; at < bytes.length && !answered; at += chunkBytes) {
        const chunk = bytes.subarray(at, at + chunkBytes);
        this.#stream.cork();
        this.#stream.write(packetOf("DATA", chunk.length));
        const more = this.#stream.write(chunk);
        this.#stream.uncork();
        if (!more) await Promise.race([this.#drained(), answer]);
        if (!answered) file.onChunk(chunk.length);
      }
      if (answered) break;
    }
    if (!answered) this.#stream.write(packetOf("DONE", file.modifiedS));
    await answer;
  }

  #request(id: string, path: string): void {
    const bytes = Buffer.from(path);
    if (bytes.length > maxPathBytes || path.includes("\0"))
      throw new Fault("bad_input", "That path is too long for a phone, or no path (1024 bytes).");
    this.#stream.write(Buffer.concat([packetOf(id, bytes.length), bytes]));
  }

  async #answer(path: string): Promise<void> {
    const reply = await this.#exactly(8);
    const id = reply.toString("latin1", 0, 4);
    if (id === "FAIL") throw await this.#refusal(reply.readUInt32LE(4), path);
    if (id !== "OKAY") throw new Fault("unavailable", "The phone's answer is none to a file.");
  }

  async #refusal(length: number, path: string): Promise<Fault> {
    const said = await this.#exactly(Math.min(length, chunkBytes));
    return fileFault(said.toString("utf8").trim(), path);
  }

  async #exactly(bytes: number): Promise<Buffer> {
    const got = await this.#reader.exactly(bytes);
    if (!got) throw new Fault("unavailable", "The connection to the phone broke off.");
    return got;
  }

  #drained(): Promise<void> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      const go = (): void => {
        stream.off("drain", go);
        stream.off("close", go);
        resolve();
      };
      stream.once("drain", go);
      stream.once("close", go);
    });
  }
}

function read(mode: number, bytes: number): RemoteStat {
  if (mode === 0) return { kind: "missing", bytes: 0 };
  const type = mode & typeMask;
  const kind = type === regularFile ? "file" : type === directory ? "folder" : "other";
  return { kind, bytes };
}

function packetOf(id: string, number: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.write(id, "latin1");
  bytes.writeUInt32LE(number >>> 0, 4);
  return bytes;
}
