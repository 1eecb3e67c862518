/** Bytes that come in pieces of any size and are taken off in others. Keeps no more than it was given. */
export class Pieces {
  #kept: Uint8Array[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(piece: Uint8Array): void {
    this.#kept.push(piece);
    this.#bytes += piece.length;
  }

  /** So many bytes off the front, in an array of their own. There must be as many. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(bytes);
    let at = 0;
    while (at < bytes) {
      const [first] = this.#kept as [Uint8Array];
      const part = first.subarray(0, bytes - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === first.length) this.#kept.shift();
      else this.#kept[0] = first.subarray(part.length);
    }
    this.#bytes -= bytes;
    return taken;
  }

  /** The first bytes in one piece, which stay; what they came in is put together when it has to be. */
  front(bytes: number): Uint8Array {
    while ((this.#kept[0]?.length ?? 0) < bytes) {
      const [first, second, ...rest] = this.#kept as [Uint8Array, Uint8Array, ...Uint8Array[]];
      const joined = new Uint8Array(first.length + second.length);
      joined.set(first);
      joined.set(second, first.length);
      this.#kept = [joined, ...rest];
    }
    return this.#kept[0] as Uint8Array;
  }
}
