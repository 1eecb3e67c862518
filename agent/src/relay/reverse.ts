import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Duplex, pipeline, Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { AdbDevice } from "../adb/adb.ts";

export interface ReverseOptions {
  readonly device: Pick<AdbDevice, "open">;
  /** Opens a service on the client's side of the tunnel. */
  readonly openAtClient: (service: string) => Promise<Duplex>;
}

interface Forward {
  readonly local: string;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

const maxForwards = 16;
const maxReplyBytes = 4096;
const serviceMs = 10_000;

/** A port or an abstract socket of the phone, and what the client names on its own side. */
const forwardRequest =
  /^forward:(norebind:)?(tcp:\d{1,5}|localabstract:[^;\0]{1,100});([^;\0]{1,200})$/;

/**
 * `adb reverse` inside a tunnel. Passed through, the phone's connections would end at the host's adb server, and so at ports of the host. Instead each forward
 * leads to a port that this opens on the host's loopback for it alone, and from there through the tunnel to the client. All of a tunnel's forwards end with it.
 *
 * Replies are those of adbd (AOSP packages/modules/adb/adb.cpp, handle_forward_request): OKAY or FAIL, and texts behind their length in hexadecimal.
 */
export class ReverseForwards {
  readonly #options: ReverseOptions;
  readonly #forwards = new Map<string, Forward>();

  constructor(options: ReverseOptions) {
    this.#options = options;
  }

  /** Serves one `reverse:` service. */
  async serve(request: string): Promise<Duplex> {
    if (request === "list-forward") return reply(counted(this.#list()));
    if (request === "killforward-all") {
      await this.close();
      return reply("OKAY");
    }
    if (request.startsWith("killforward:")) return this.#kill(request.slice("killforward:".length));
    const [, norebind = "", remote, local] = forwardRequest.exec(request) ?? [];
    if (!remote || !local) return reply(fail("a forward is tcp:PORT or localabstract:NAME"));
    return this.#forward({ norebind, remote, local });
  }

  /** Ends all of them, on the phone too. */
  async close(): Promise<void> {
    await Promise.all([...this.#forwards.keys()].map((remote) => this.#end(remote)));
  }

  async #forward(wish: { norebind: string; remote: string; local: string }): Promise<Duplex> {
    const { norebind, remote, local } = wish;
    const known = this.#forwards.get(remote);
    if (known && norebind !== "") return reply(fail(`cannot rebind existing socket ${remote}`));
    if (known) await this.#end(remote);
    if (this.#forwards.size >= maxForwards)
      return reply(fail(`a session has at most ${maxForwards} forwards`));
    const forward = await this.#listen(local);
    const address = forward.server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const said = await this.#ask(`forward:${norebind}${remote};tcp:${port}`).catch(() => null);
    if (!said?.startsWith("OKAY")) {
      stop(forward);
      return reply(said ?? fail("the phone did not answer"));
    }
    // Port 0 lets the phone choose; it says which one, behind four digits of length.
    const chosen = remote === "tcp:0" ? `tcp:${said.slice(8)}` : remote;
    this.#forwards.set(chosen, forward);
    return reply(said);
  }

  async #kill(remote: string): Promise<Duplex> {
    if (!this.#forwards.has(remote)) return reply(fail(`listener '${remote}' not found`));
    await this.#end(remote);
    return reply("OKAY");
  }

  async #end(remote: string): Promise<void> {
    const forward = this.#forwards.get(remote);
    if (!forward) return;
    this.#forwards.delete(remote);
    stop(forward);
    await this.#ask(`killforward:${remote}`).catch(() => null);
  }

  async #listen(local: string): Promise<Forward> {
    const sockets = new Set<Socket>();
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => sockets.delete(socket));
      this.#options.openAtClient(local).then(
        (stream) => void pipeline(socket, stream, socket, () => stream.destroy()),
        () => socket.destroy(),
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { local, server, sockets };
  }

  #list(): string {
    return [...this.#forwards]
      .map(([remote, { local }]) => `(reverse) ${remote} ${local}\n`)
      .join("");
  }

  async #ask(request: string): Promise<string> {
    const stream = await this.#options.device.open(`reverse:${request}`, { timeoutMs: serviceMs });
    const late = setTimeout(() => stream.destroy(), serviceMs);
    try {
      return (await buffer(stream)).subarray(0, maxReplyBytes).toString("utf8");
    } finally {
      clearTimeout(late);
      stream.destroy();
    }
  }
}

function stop({ server, sockets }: Forward): void {
  for (const socket of sockets) socket.destroy();
  server.close();
}

const counted = (text: string): string =>
  Buffer.byteLength(text).toString(16).padStart(4, "0") + text;
const fail = (why: string): string => `FAIL${counted(why)}`;

/** A service that says one thing and ends. */
function reply(text: string): Duplex {
  const deaf = new Writable({ write: (_chunk, _encoding, done) => done() });
  return Duplex.from({ readable: Readable.from([Buffer.from(text)]), writable: deaf });
}
