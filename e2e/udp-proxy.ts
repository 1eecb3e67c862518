import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

/** How long a datagram takes each way, and whether any gets through. */
export interface UdpWay {
  delayMs: number;
  blocked: boolean;
}

const maxWaiting = 10_000;

/** Stands between a page and the phones' host: each address that the host offers has a door beside it. Both are on this machine. */
export class UdpProxy implements AsyncDisposable {
  readonly way: UdpWay;
  readonly #doors = new Map<string, Promise<number>>();
  readonly #sockets = new Set<Socket>();
  #waiting = 0;

  constructor(way: UdpWay) {
    this.way = way;
  }

  /** The port of the door to that address. */
  door(address: string, port: number): Promise<number> {
    const key = `${address} ${port}`;
    const known = this.#doors.get(key);
    if (known) return known;
    const opened = this.#open(address, port);
    this.#doors.set(key, opened);
    return opened;
  }

  async #open(address: string, port: number): Promise<number> {
    const front = await this.#bind(address);
    /** One socket for each port of the page, so that the host can tell them apart. */
    const backs = new Map<string, Promise<Socket>>();
    front.on("message", (data, from) => {
      const key = `${from.address} ${from.port}`;
      const back = backs.get(key) ?? this.#back(front, from);
      backs.set(key, back);
      this.#later(() => void back.then((socket) => socket.send(data, port, address)));
    });
    return front.address().port;
  }

  async #back(front: Socket, page: RemoteInfo): Promise<Socket> {
    const back = await this.#bind(front.address().address);
    back.on("message", (data) =>
      this.#later(() => this.#sockets.has(front) && front.send(data, page.port, page.address)),
    );
    return back;
  }

  async #bind(address: string): Promise<Socket> {
    const socket = createSocket("udp4");
    socket.on("error", () => undefined);
    this.#sockets.add(socket);
    socket.bind(0, address);
    await once(socket, "listening");
    return socket;
  }

  #later(send: () => void): void {
    if (this.way.blocked || this.#waiting >= maxWaiting) return;
    this.#waiting++;
    setTimeout(() => {
      this.#waiting--;
      if (!this.way.blocked && this.#sockets.size > 0) send();
    }, this.way.delayMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    this.#sockets.clear();
    return Promise.resolve();
  }
}

/**
 * The part inside a page: it is told the proxy's doors instead of the host's own addresses, and keeps its own to itself. `window.proxyDoor` is the
 * test's, in Node.
 */
export const throughProxy = `{
  const Direct = RTCPeerConnection;
  const rewritten = async (line) => {
    const [, head, address, port] = /^((?:a=)?candidate:\\S+ \\d+ udp \\d+) (\\S+) (\\d+) typ host/i.exec(line) ?? [];
    if (!head || address.includes(":")) return null;
    return head + " " + address + " " + (await window.proxyDoor(address, Number(port))) + " typ host";
  };
  window.RTCPeerConnection = class extends Direct {
    addEventListener(type, ...rest) {
      if (type !== "icecandidate") super.addEventListener(type, ...rest);
    }
    async setRemoteDescription({ type, sdp }) {
      const lines = await Promise.all(
        sdp.split("\\r\\n").map((line) => (line.startsWith("a=candidate:") ? rewritten(line) : line)),
      );
      await super.setRemoteDescription({ type, sdp: lines.filter((line) => line !== null).join("\\r\\n") });
    }
    async addIceCandidate(given) {
      const candidate = given && (await rewritten(given.candidate));
      if (candidate) await super.addIceCandidate({ ...given, candidate });
    }
  };
}`;
