/** Work for later that belongs together: given up together. */
export class Timers {
  readonly #pending = new Set<number>();

  later(ms: number, work: () => void): void {
    const timer = window.setTimeout(() => {
      this.#pending.delete(timer);
      work();
    }, ms);
    this.#pending.add(timer);
  }

  clear(): void {
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }
}
