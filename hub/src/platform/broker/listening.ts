import { covers } from "./listeners.ts";

/** What a listener may hear, asked again every few seconds while it hears something: one that was removed is cut off. */
export class Listening {
  types: readonly string[];
  readonly #ask: () => Promise<readonly string[] | null>;
  readonly #close: () => void;
  readonly #knownMs: number;
  #askedMs = performance.now();

  constructor(
    types: readonly string[],
    options: { ask: () => Promise<readonly string[] | null>; close: () => void; knownMs: number },
  ) {
    this.types = types;
    this.#ask = options.ask;
    this.#close = options.close;
    this.#knownMs = options.knownMs;
  }

  mayHear(type: string): boolean {
    if (performance.now() - this.#askedMs > this.#knownMs) {
      this.#askedMs = performance.now();
      this.#ask().then(
        (types) => {
          this.types = types ?? [];
          if (types === null) this.#close();
        },
        () => undefined,
      );
    }
    return covers(this.types, type);
  }
}
