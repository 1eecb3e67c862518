import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * A line between two programs that can be cut. While it is cut nothing gets through in either direction and nobody is told: connections stay
 * open, new ones are taken and never answered. Once it is whole again, what was held arrives, as over a network that was away.
 */
export class Link implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;
  #held: (() => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(target: () => number): Promise<Link> {
    const server = createServer({ allowHalfOpen: true });
    const link = new Link(server);
    server.on("connection", (near) => {
      link.#keep(near);
      link.#pass(() => {
        if (near.destroyed) return;
        const far = connect({ host: "127.0.0.1", port: target(), allowHalfOpen: true });
        link.#keep(far);
        link.#forward(near, far);
        link.#forward(far, near);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#cut = true;
  }

  heal(): void {
    this.#cut = false;
    for (const pass of this.#held.splice(0)) pass();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** Now, or in its turn when the line is whole again. */
  #pass(work: () => void): void {
    if (this.#cut) this.#held.push(work);
    else work();
  }

  #forward(from: Socket, to: Socket): void {
    from.on("data", (chunk) => this.#pass(() => void to.write(chunk)));
    from.on("end", () => this.#pass(() => void to.end()));
    from.on("close", (failed) => this.#pass(() => void (failed ? to.destroy() : to.end())));
  }
}
