import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * The way to a Docker daemon, until it carries a request that was said beforehand: what asked for it then learns nothing more and can do nothing more, as
 * if it had been killed in that moment. The request itself still arrives.
 */
export class CutWire implements AsyncDisposable {
  readonly host: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cutAt: RegExp | null = null;
  #cut = false;
  readonly #done = Promise.withResolvers<void>();

  private constructor(server: Server, host: string) {
    this.#server = server;
    this.host = host;
  }

  /** `from`: the daemon's socket; the wire's lies beside it. */
  static async open(from: string): Promise<CutWire> {
    const at = `${from}-wire`;
    await rm(at, { force: true });
    const server = createServer();
    const wire = new CutWire(server, `unix://${at}`);
    server.on("connection", (near) => wire.#join(near, connect(from)));
    server.listen(at);
    await once(server, "listening");
    return wire;
  }

  /** Matched against the request line and the body. */
  cutAt(request: RegExp): void {
    this.#cutAt = request;
  }

  /** Resolves once it was cut and the daemon is done with the last request. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(near: Socket, far: Socket): void {
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
    }
    if (this.#cut) {
      near.destroy();
      far.destroy();
      return;
    }
    let asked = "";
    near.on("data", (bytes: Buffer) => {
      asked = (asked + bytes.toString("latin1")).slice(-20_000);
      if (this.#cut || !this.#cutAt?.test(asked)) {
        far.write(bytes);
        return;
      }
      this.#cut = true;
      far.once("close", () => this.#done.resolve());
      far.end(bytes);
      for (const socket of this.#sockets) if (socket !== far) socket.destroy();
    });
    far.on("data", (bytes: Buffer) => {
      if (near.writable) near.write(bytes);
    });
    near.on("end", () => far.end());
    far.on("end", () => near.end());
  }
}
