import { Fault } from "@cloudphone/shared/fault";
import type { PhoneConnection } from "./connection.ts";
import type { PhoneStream } from "./stream.ts";

/** adbd takes no more in one DATA packet, and no longer path (AOSP packages/modules/adb/SYNC.TXT). */
const chunkBytes = 64 * 1024;
const maxPathBytes = 1024;
const maxEntries = 100_000;
const typeMask = 0o170000;
const kinds = new Map<number, RemoteEntry["kind"]>([
  [0o100000, "file"],
  [0o040000, "folder"],
  [0o120000, "link"],
]);
const newFileMode = 0o100644;

export interface RemoteEntry {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
  /** The low 32 bits: this version of the protocol has no more. */
  readonly bytes: number;
  /** Seconds since 1970. */
  readonly modifiedS: number;
}

type OnBytes = (bytes: number) => void;

/** How a file's way is watched, and ended. */
export interface Watching {
  /** How much of it has gone. */
  readonly onBytes: OnBytes;
  /** Aborted: nobody wants it any more. */
  readonly signal: AbortSignal;
}

/** Opens the phone's sync service (version 1), does the work, and closes it whatever happened. Rejects with `cancelled` as soon as the signal is aborted, also while nothing moves. */
export async function inSync<T>(
  connection: Pick<PhoneConnection, "open">,
  work: (sync: Sync) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const stream = await connection.open("sync:");
  const leave = (): void => stream.close();
  signal?.addEventListener("abort", leave);
  try {
    if (!signal?.aborted) return await work(new Sync(stream));
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    signal?.removeEventListener("abort", leave);
    stream.close();
  }
  throw new Fault("cancelled", "It was cancelled.");
}

/** One opened `sync:` stream: one request after the other. */
export class Sync {
  readonly #stream: PhoneStream;

  constructor(stream: PhoneStream) {
    this.#stream = stream;
  }

  /** What lies in a folder; nothing for what is none, which the protocol does not tell apart. */
  async list(path: string): Promise<RemoteEntry[]> {
    await this.#request("LIST", path);
    const entries: RemoteEntry[] = [];
    for (;;) {
      const { id, view } = await this.#reply(20);
      const [mode, bytes, modifiedS, length] = [4, 8, 12, 16].map((at) => view.getUint32(at, true));
      if (id === "DONE") return entries;
      if (id !== "DENT" || Number(length) > maxPathBytes || entries.length >= maxEntries)
        throw new Fault("device_failed", "The phone's answer is no folder.");
      const name = new TextDecoder().decode(await this.#exactly(Number(length)));
      if (name === "." || name === ".." || name === "" || /[/\0]/.test(name)) continue;
      const kind = kinds.get(Number(mode) & typeMask) ?? "other";
      entries.push({ name, kind, bytes: Number(bytes), modifiedS: Number(modifiedS) });
    }
  }

  /** The pieces of a file, as fast as they are taken. */
  async *receive(path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    await this.#request("RECV", path);
    for (;;) {
      const { id, view } = await this.#reply(8);
      const length = view.getUint32(4, true);
      if (id === "DONE") return;
      if (id === "FAIL") throw await this.#refusal(length);
      if (id !== "DATA" || length > chunkBytes)
        throw new Fault("device_failed", "The phone's answer is no part of a file.");
      yield await this.#exactly(length);
    }
  }

  /** Sends all of the file. The phone's only answer before the end of it is a refusal. */
  async send(path: string, file: Blob, onBytes: OnBytes): Promise<void> {
    await this.#request("SEND", `${path},${newFileMode}`);
    let isAnswered = false;
    const answer = this.#answer().finally(() => {
      isAnswered = true;
    });
    answer.catch(() => undefined);
    let sent = 0;
    while (sent < file.size && !isAnswered) {
      const chunk = new Uint8Array(await file.slice(sent, sent + chunkBytes).arrayBuffer());
      if (!(await this.#stream.write(packet("DATA", chunk.length, chunk)))) break;
      sent += chunk.length;
      onBytes(sent);
    }
    if (!isAnswered) await this.#stream.write(packet("DONE", Math.floor(Date.now() / 1000)));
    await answer;
  }

  async #answer(): Promise<void> {
    const { id, view } = await this.#reply(8);
    if (id === "FAIL") throw await this.#refusal(view.getUint32(4, true));
    if (id !== "OKAY") throw new Fault("device_failed", "The phone's answer is none to a file.");
  }

  async #request(id: string, path: string): Promise<void> {
    const bytes = new TextEncoder().encode(path);
    if (bytes.length > maxPathBytes || path.includes("\0"))
      throw new Fault("bad_input", "That path is too long for a phone, or no path (1024 bytes).");
    await this.#stream.write(packet(id, bytes.length, bytes));
  }

  async #reply(bytes: number): Promise<{ id: string; view: DataView }> {
    const reply = await this.#exactly(bytes);
    return { id: new TextDecoder().decode(reply.subarray(0, 4)), view: new DataView(reply.buffer) };
  }

  async #refusal(length: number): Promise<Fault> {
    const said = await this.#exactly(Math.min(length, chunkBytes));
    return phoneRefusal(new TextDecoder().decode(said).trim());
  }

  async #exactly(bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const got = await this.#stream.exactly(bytes);
    if (!got) throw new Fault("unavailable", "The connection to the phone broke off.");
    return got;
  }
}

/** What the phone said of a file, as the Fault that it is. */
export function phoneRefusal(said: string): Fault {
  const text = said.slice(0, 300);
  if (/no such file|not found/i.test(text)) return new Fault("not_found", text);
  if (/permission denied|not permitted|read-only/i.test(text)) return new Fault("forbidden", text);
  if (/no space/i.test(text)) return new Fault("disk_full", text);
  return new Fault("device_failed", text);
}

function packet(id: string, number: number, data: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(8 + data.length);
  bytes.set(new TextEncoder().encode(id));
  new DataView(bytes.buffer).setUint32(4, number, true);
  bytes.set(data, 8);
  return bytes;
}
