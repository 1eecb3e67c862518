import type { Socket } from "node:dgram";
import { isIP } from "node:net";
import { type CandidatePair, type Connection, StunProtocol } from "werift";

type Way = Pick<Connection, "nominated" | "send">;

/**
 * Where the datagrams of a connection go: by the pair of addresses that ICE has chosen last. Straight out of its socket where it is a socket, in the turn in which they are given, without
 * the promises of werift's way; through werift where they go to a TURN server first. What can't be sent is lost, as on any network.
 */
export class DatagramWay {
  readonly #connection: Way;
  #pair: CandidatePair | undefined;
  #direct: { socket: Socket; host: string; port: number } | null = null;

  constructor(connection: Way) {
    this.#connection = connection;
  }

  send(room: Buffer, at: number, bytes: number): void {
    const pair = this.#connection.nominated;
    if (pair !== this.#pair) this.#follow(pair);
    if (!pair) return;
    const direct = this.#direct;
    if (!direct) {
      // It may wait, and the room is written again.
      const copy = Buffer.from(room.subarray(at, at + bytes));
      void this.#connection.send(copy).catch(() => undefined);
    } else if (!(pair.protocol as StunProtocol).transport.closed)
      direct.socket.send(room, at, bytes, direct.port, direct.host);
  }

  #follow(pair: CandidatePair | undefined): void {
    this.#pair = pair;
    const [host, port] = pair?.remoteAddr ?? ["", 0];
    const protocol = pair?.protocol;
    this.#direct =
      protocol instanceof StunProtocol && isIP(host) !== 0
        ? { socket: protocol.transport.socket, host, port }
        : null;
  }
}
