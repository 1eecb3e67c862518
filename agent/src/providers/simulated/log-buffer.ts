const capacity = 1000;

/** The phone's log: the last thousand lines, in logcat's threadtime form. */
export class LogBuffer {
  readonly #lines: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();

  add(level: "I" | "W" | "E", tag: string, message: string): void {
    const at = new Date().toISOString().slice(5, 23).replace("T", " ");
    const line = `${at}  1000  1000 ${level} ${tag}: ${message.slice(0, 4000)}`;
    this.#lines.push(line);
    if (this.#lines.length > capacity) this.#lines.shift();
    for (const listener of this.#listeners) listener(line);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  clear(): void {
    this.#lines.length = 0;
  }

  onLine(listener: (line: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }
}
