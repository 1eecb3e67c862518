/**
 * Pauses that end early when there is something to look at. A hint (something out there may have changed) ends a pause, but not the first part of one that
 * follows a failure: what fails causes hints itself, and would be tried without any rest. An urge (somebody wants something else now) ends any pause.
 */
export class Attention {
  #hinted = false;
  #urged = false;
  /** Several, since a pause that lost a race (a boot that was over first) sleeps on beside the next one. */
  readonly #sleepers = new Set<() => void>();

  hint(): void {
    this.#hinted = true;
    for (const look of this.#sleepers) look();
  }

  urge(): void {
    this.#urged = true;
    for (const look of this.#sleepers) look();
  }

  /** What came until now is being seen to. Whether there was an urge in it. */
  begin(): boolean {
    const urged = this.#urged;
    this.#hinted = false;
    this.#urged = false;
    return urged;
  }

  /** `deafMs`: how long hints are of no account. */
  async pause(ms: number, deafMs = 0): Promise<void> {
    const deaf = Math.min(ms, deafMs);
    await this.#sleep(deaf, () => this.#urged);
    await this.#sleep(ms - deaf, () => this.#hinted || this.#urged);
  }

  #sleep(ms: number, isOver: () => boolean): Promise<void> {
    if (ms <= 0 || isOver()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isOver()) done();
      };
      const timer = setTimeout(done, ms);
      this.#sleepers.add(look);
    });
  }
}
