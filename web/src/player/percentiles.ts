/** Keeps the newest so many values, and says below which a share of them lies. */
export class Percentiles {
  readonly #capacity: number;
  readonly #values: number[] = [];

  constructor(capacity = 600) {
    this.#capacity = capacity;
  }

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > this.#capacity) this.#values.shift();
  }

  get size(): number {
    return this.#values.length;
  }

  /** Of an empty one: 0. */
  at(share: number): number {
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }
}
