import {
  adbCommands,
  adbHeaderBytes,
  adbVersion,
  maxPayloadBytes,
  windowedPayloadBytes,
  windowFeature,
  windowWrites,
} from "@cloudphone/shared/adb-wire";
import { Fault } from "@cloudphone/shared/fault";
import { Pieces } from "@cloudphone/shared/pieces";
import {
  type RelayEndReason,
  relayAddress,
  relayEndOf,
  relayEnds,
  relayProtocol,
} from "@cloudphone/shared/relay";
import { PhoneStream } from "./stream.ts";

const openMs = 30_000;

interface Message {
  readonly command: number;
  readonly arg0: number;
  readonly arg1: number;
  readonly data: Uint8Array;
}

/**
 * The client's end of the adb transport protocol, over a session's line to the phone's host (docs/decisions/0015): opens services of the phone. The host's end is ours
 * as well, so checksums and authentication do not occur. Its memory is bounded by the streams' windows.
 */
export class PhoneConnection {
  readonly #socket: WebSocket;
  readonly #pieces = new Pieces();
  readonly #streams = new Map<number, PhoneStream>();
  readonly #greeted = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<Fault>();
  #endedBy: Fault | null = null;
  #isClosed = false;
  #nextId = 1;
  #window = 1;
  #maxData = windowedPayloadBytes;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#greeted.promise.catch(() => undefined);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#greet());
    socket.addEventListener("close", ({ code }) => this.#lost(faultOf(code)));
    socket.addEventListener("message", ({ data }) => {
      if (!(data instanceof ArrayBuffer) || !this.#take(new Uint8Array(data))) socket.close();
    });
  }

  /** Resolves once the phone's side has answered; rejects with a Fault that says why it does not. */
  static async open(hubUrl: string, ticket: string): Promise<PhoneConnection> {
    const socket = new WebSocket(relayAddress(hubUrl), [relayProtocol, ticket]);
    const connection = new PhoneConnection(socket);
    const late = setTimeout(() => {
      connection.#greeted.reject(new Fault("timed_out", relayEnds.no_peer.text));
      connection.close();
    }, openMs);
    await connection.#greeted.promise.finally(() => clearTimeout(late));
    return connection;
  }

  /** Resolves with why, when the connection ends. */
  get ended(): Promise<Fault> {
    return this.#ended.promise;
  }

  /** Why it has ended; null while it has not. */
  get endedBy(): Fault | null {
    return this.#endedBy;
  }

  /** Rejects when the phone refuses the service, or the connection ends. */
  open(service: string): Promise<PhoneStream> {
    const local = this.#nextId++;
    const stream = new PhoneStream({
      window: () => this.#window,
      maxData: () => this.#maxData,
      write: (remote, data) =>
        this.#send({ command: adbCommands.WRTE, arg0: local, arg1: remote, data }),
      acknowledge: (remote) =>
        this.#send({ command: adbCommands.OKAY, arg0: local, arg1: remote, data: nothing }),
      close: (remote) => {
        this.#streams.delete(local);
        this.#send({ command: adbCommands.CLSE, arg0: local, arg1: remote, data: nothing });
      },
    });
    if (this.#socket.readyState !== WebSocket.OPEN) stream.finished();
    else {
      this.#streams.set(local, stream);
      const data = new TextEncoder().encode(`${service}\0`);
      this.#send({ command: adbCommands.OPEN, arg0: local, arg1: 0, data });
    }
    return stream.opened;
  }

  close(): void {
    this.#isClosed = true;
    // One that is not open yet is closed once it is: a browser calls anything else an error.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
  }

  #greet(): void {
    if (this.#isClosed) return this.#socket.close(1000);
    const data = new TextEncoder().encode(`host::features=shell_v2,${windowFeature}`);
    this.#send({ command: adbCommands.CNXN, arg0: adbVersion, arg1: maxPayloadBytes, data });
  }

  #lost(why: Fault): void {
    this.#endedBy = why;
    this.#greeted.reject(why);
    for (const stream of this.#streams.values()) stream.finished();
    this.#streams.clear();
    this.#ended.resolve(why);
  }

  /** False when what comes is not adb, or more than was asked for. */
  #take(piece: Uint8Array): boolean {
    this.#pieces.push(piece);
    while (this.#pieces.bytes >= adbHeaderBytes) {
      const { buffer, byteOffset } = this.#pieces.front(adbHeaderBytes);
      const head = new DataView(buffer, byteOffset, adbHeaderBytes);
      const [command, length] = [head.getUint32(0, true), head.getUint32(12, true)];
      if (length > maxPayloadBytes || head.getUint32(20, true) !== inverted(command)) return false;
      if (this.#pieces.bytes < adbHeaderBytes + length) return true;
      const [arg0, arg1] = [head.getUint32(4, true), head.getUint32(8, true)];
      const data = this.#pieces.take(adbHeaderBytes + length).subarray(adbHeaderBytes);
      if (!this.#handle({ command, arg0, arg1, data })) return false;
    }
    return true;
  }

  #handle({ command, arg0, arg1, data }: Message): boolean {
    const { CNXN, OPEN, OKAY, WRTE, CLSE } = adbCommands;
    if (command === CNXN) this.#meet(arg1, new TextDecoder().decode(data));
    // The phone may open nothing here: there is no `adb reverse` into a page.
    else if (command === OPEN) this.#send({ command: CLSE, arg0: 0, arg1: arg0, data: nothing });
    const stream = this.#streams.get(arg1);
    if (!stream) return true;
    if (command === OKAY) stream.acknowledged(arg0);
    else if (command === WRTE) return stream.received(data);
    else if (command === CLSE) {
      this.#streams.delete(arg1);
      stream.finished();
    }
    return true;
  }

  #meet(maxData: number, banner: string): void {
    this.#maxData = Math.max(1, Math.min(maxData, windowedPayloadBytes));
    if (banner.includes(windowFeature)) this.#window = windowWrites;
    this.#greeted.resolve();
  }

  #send({ command, arg0, arg1, data }: Message): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const message = new Uint8Array(adbHeaderBytes + data.length);
    const words = [command, arg0, arg1, data.length, 0, inverted(command)];
    const head = new DataView(message.buffer);
    for (const [at, word] of words.entries()) head.setUint32(at * 4, word, true);
    message.set(data, adbHeaderBytes);
    this.#socket.send(message);
  }
}

const nothing = new Uint8Array();
const inverted = (command: number): number => (command ^ 0xffffffff) >>> 0;

/** Why the line ended, as the Fault it is to whoever was using it. */
function faultOf(code: number): Fault {
  const reason: RelayEndReason = relayEndOf(code) ?? "peer_lost";
  const end = relayEnds[reason];
  return new Fault(end.fault ?? "unavailable", end.text);
}
