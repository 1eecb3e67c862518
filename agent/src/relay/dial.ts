import { Duplex } from "node:stream";
import { Fault, isFaultCode } from "@cloudphone/shared/fault";
import {
  maxRelayMessageBytes,
  relayAddress,
  type RelayEndReason,
  relayEndOf,
  relayProtocol,
} from "@cloudphone/shared/relay";
import { WebSocket } from "ws";

export interface RelayTarget {
  readonly hubUrl: string;
  readonly ticket: string;
  readonly timeoutMs: number;
}

/** One end of a session: bytes in and out, and why it ended. */
export interface RelayLine {
  /** Ends when the session does. Destroying it ends the session. */
  readonly stream: Duplex;
  /** Resolves with the hub's reason; null when the connection broke without one. */
  readonly ended: Promise<RelayEndReason | null>;
}

/** A session at work on a line. */
export interface ServedLine {
  /** Resolves, never rejects, when the session is over. */
  readonly done: Promise<void>;
  /** Ends it at once, whatever the line does. */
  end(): void;
}

const maxRefusalBytes = 4096;
/**
 * Large writes are cut to this size. Sockets are read 64 KiB at a time, and of a message that lies across two reads ws makes a copy: of small ones that are
 * few.
 */
const pieceBytes = 16 * 1024;
/** Writes that come together share a message up to this size, as it costs a copy: a piece and what announces it, too. */
const packBytes = pieceBytes + 256;

/** Dials the hub's relay, outbound as everything from a host is. Resolves once the hub has taken the ticket; the other end may come later. */
export async function dialRelay({ hubUrl, ticket, timeoutMs }: RelayTarget): Promise<RelayLine> {
  const url = new URL(relayAddress(hubUrl));
  const socket = new WebSocket(url, [relayProtocol, ticket], {
    perMessageDeflate: false,
    handshakeTimeout: timeoutMs,
    maxPayload: maxRelayMessageBytes,
    followRedirects: false,
    ...(isSealed(url) ? { generateMask: (mask: Buffer) => void mask.fill(0) } : {}),
  });
  // Listens before the handshake is over: the other end's first message may come in the same packet.
  const stream = new RelayStream(socket);
  const ended = Promise.withResolvers<RelayEndReason | null>();
  socket.once("close", (code) => ended.resolve(code === 1000 ? "closed" : relayEndOf(code)));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("unexpected-response", (_request, response) => {
      void readRefusal(response)
        .then(reject, reject)
        .finally(() => socket.terminate());
    });
    socket.on("error", (cause) =>
      reject(
        new Fault(
          "unavailable",
          `The hub's relay can't be reached at ${hubUrl}: ${cause.message}`,
          {
            cause,
          },
        ),
      ),
    );
  });
  return { stream, ended: ended.promise };
}

/**
 * Masks keep bytes that somebody else chose from looking like HTTP to a proxy on the way (RFC 6455 section 10.3). Inside TLS, and on loopback, there is none to
 * mislead, and masking every byte twice is half of what a relayed byte costs the processor.
 */
const isSealed = (url: URL): boolean =>
  url.protocol === "wss:" || /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(url.hostname);

async function readRefusal(
  response: AsyncIterable<Buffer> & { statusCode?: number | undefined },
): Promise<Fault> {
  let text = "";
  for await (const chunk of response) {
    text += chunk.toString("utf8");
    if (text.length > maxRefusalBytes) break;
  }
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    return new Fault(isFaultCode(error.code) ? error.code : "internal", error.message);
  } catch {
    return new Fault("unavailable", `The hub's relay answered ${response.statusCode}.`);
  }
}

type Callback = (error?: Error | null) => void;

/** A WebSocket as a stream with back-pressure both ways; small writes that come together go out as one message, large ones in pieces. */
class RelayStream extends Duplex {
  readonly #socket: WebSocket;
  /** The bytes below it, once the hub has agreed. */
  #wire: Duplex | null = null;

  constructor(socket: WebSocket) {
    super({ highWaterMark: maxRelayMessageBytes });
    this.#socket = socket;
    socket.once("upgrade", (response) => {
      this.#wire = response.socket;
    });
    socket.on("message", (data: Buffer) => {
      if (!this.push(data)) socket.pause();
    });
    socket.once("close", () => {
      this.push(null);
      this.destroy();
    });
    socket.on("error", () => socket.terminate());
    this.on("error", () => undefined);
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Callback): void {
    this._writev([{ chunk }], done);
  }

  override _writev(chunks: readonly { chunk: Buffer }[], done: Callback): void {
    const messages = pack(chunks.map(({ chunk }) => chunk));
    const last = messages.pop();
    this.#wire?.cork();
    for (const message of messages) this.#socket.send(message, { binary: true });
    this.#socket.send(last ?? empty, { binary: true }, done);
    this.#wire?.uncork();
  }

  override _final(done: Callback): void {
    this.#socket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.#socket.resume();
    this.#socket.close(1000);
    setTimeout(() => this.#socket.terminate(), closeMs).unref();
    done(error);
  }
}

const closeMs = 1000;
const empty = Buffer.alloc(0);

/** The same bytes in messages that the relay takes. Pure. */
export function pack(chunks: readonly Buffer[]): Buffer[] {
  const messages: Buffer[] = [];
  let small: Buffer[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (bytes > 0) messages.push(small.length === 1 ? (small[0] ?? empty) : Buffer.concat(small));
    small = [];
    bytes = 0;
  };
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const piece = chunk.subarray(at, at + pieceBytes);
      if (bytes + piece.length > packBytes) flush();
      small.push(piece);
      bytes += piece.length;
    }
  flush();
  return messages;
}
