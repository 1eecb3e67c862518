const windowSeconds = 60;

/** How many a second, over the last minute. Pure: the caller brings the time, of a monotonic clock. */
export class Rate {
  readonly #counts: number[] = Array.from({ length: windowSeconds }, () => 0);
  #second: number | null = null;
  #begunMs: number | null = null;

  add(count: number, nowMs: number): void {
    this.#begunMs ??= nowMs;
    const place = this.#turn(nowMs);
    this.#counts[place] = (this.#counts[place] ?? 0) + count;
  }

  /** 0 before the first; over the time since the first while that is less than a minute. */
  perSecond(nowMs: number): number {
    if (this.#begunMs === null) return 0;
    this.#turn(nowMs);
    const sum = this.#counts.reduce((total, count) => total + count, 0);
    const seconds = Math.min(windowSeconds, Math.max(1, (nowMs - this.#begunMs) / 1000));
    return Math.round((sum / seconds) * 100) / 100;
  }

  /** Empties the places of the seconds gone by since the last call; the present one's. */
  #turn(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    const gone = this.#second === null ? 0 : Math.min(windowSeconds, second - this.#second);
    for (let back = 0; back < gone; back++) this.#counts[(second - back) % windowSeconds] = 0;
    this.#second = second;
    return second % windowSeconds;
  }
}
