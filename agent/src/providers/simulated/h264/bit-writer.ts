/** Writes bits and the Exp-Golomb codes of H.264 (ITU-T H.264, 9.1), and closes them into NAL units in Annex B form. */
export class BitWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;
  #partial = 0;
  #free = 8;

  /** The lowest `count` bits of a value, at most 32. */
  bits(count: number, value: number): void {
    let left = count;
    while (left > 0) {
      const take = Math.min(left, this.#free);
      this.#partial = (this.#partial << take) | ((value >>> (left - take)) & ((1 << take) - 1));
      left -= take;
      this.#free -= take;
      if (this.#free === 0) this.#push();
    }
  }

  flag(value: boolean): void {
    this.bits(1, value ? 1 : 0);
  }

  /** ue(v): unsigned. */
  unsigned(value: number): void {
    const zeros = 31 - Math.clz32(value + 1);
    this.bits(zeros, 0);
    this.bits(zeros + 1, value + 1);
  }

  /** se(v): signed. */
  signed(value: number): void {
    this.unsigned(value > 0 ? 2 * value - 1 : -2 * value);
  }

  /** Ends the payload and gives it as a NAL unit with its start code; the writer is empty again. `header` is the unit's first byte. */
  closeUnit(header: number): Buffer {
    this.bits(1, 1);
    if (this.#free < 8) this.bits(this.#free, 0);
    const unit = Buffer.allocUnsafe(5 + this.#length + (this.#length >> 1) + 1);
    unit.writeUInt32BE(1, 0);
    unit[4] = header;
    let end = 5;
    let zeros = 0;
    for (let at = 0; at < this.#length; at++) {
      const byte = this.#bytes[at] ?? 0;
      // 7.4.1: two zero bytes are never followed by a byte below four without an emulation prevention byte between.
      if (zeros === 2 && byte <= 3) {
        unit[end++] = 3;
        zeros = 0;
      }
      unit[end++] = byte;
      zeros = byte === 0 ? zeros + 1 : 0;
    }
    this.#length = 0;
    return unit.subarray(0, end);
  }

  #push(): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = this.#partial;
    this.#partial = 0;
    this.#free = 8;
  }
}
