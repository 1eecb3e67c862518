import type { Page } from "playwright-core";
import { eventually } from "../e2e/api.ts";
import type { Place } from "../e2e/live-screen.ts";

/** Inside the page: notes when pictures are shown, when the screen's state changes, and how long a touch takes to change a pixel. */
const inPage = `{
  const dot = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const watch = (window.stopwatch = { clickedAt: 0, firstPictureMs: null, pictures: [], changes: [], tappedAt: 0, awaits: null, answerMs: null });
  addEventListener("click", () => { watch.clickedAt = performance.now(); watch.firstPictureMs = null; }, true);
  addEventListener("pointerdown", () => { watch.tappedAt = performance.now(); }, true);
  const isPaper = (video, { x, y }) => {
    dot.drawImage(video, Math.floor(x * video.videoWidth), Math.floor(y * video.videoHeight), 1, 1, 0, 0, 1, 1);
    return Math.min(...dot.getImageData(0, 0, 1, 1).data.slice(0, 3)) > 225;
  };
  const follow = (video) => {
    const shown = () => {
      const now = performance.now();
      watch.firstPictureMs ??= now - watch.clickedAt;
      watch.pictures.push(performance.timeOrigin + now);
      if (watch.awaits && isPaper(video, watch.awaits)) {
        watch.answerMs = now - watch.tappedAt;
        watch.awaits = null;
      }
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  };
  let followed = null;
  new MutationObserver(() => {
    const screen = document.querySelector("[data-testid=screen]");
    const video = screen?.querySelector("video");
    if (!video || video === followed) return;
    followed = video;
    follow(video);
    const note = () => watch.changes.push({ at: Date.now(), phase: screen.dataset.phase, path: screen.dataset.path });
    new MutationObserver(note).observe(screen, { attributeFilter: ["data-phase", "data-path"] });
  }).observe(document, { childList: true, subtree: true });
}`;

const deadlineMs = 60_000;

/** Times what a page shows, by the page's own clock: the browser's part is in every figure, the test's way to the browser in none. */
export class Stopwatch {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** From the page's next document on. */
  static async on(page: Page): Promise<Stopwatch> {
    await page.addInitScript(inPage);
    return new Stopwatch(page);
  }

  /** From the last click to the first picture after it. */
  firstPictureMs(): Promise<number> {
    return this.#until("stopwatch.firstPictureMs");
  }

  /** From the touch that `tap` makes to the first picture that is white there. */
  async answerMs(place: Place, tap: () => Promise<void>): Promise<number> {
    await this.#page.evaluate(
      `stopwatch.awaits = ${JSON.stringify(place)}; stopwatch.answerMs = null;`,
    );
    await tap();
    return this.#until("stopwatch.answerMs");
  }

  /** From `at` to the first picture that comes after a gap of which `at` is the beginning. */
  async pictureAfterMs(at: number, gapMs: number): Promise<number> {
    const after = `stopwatch.pictures.find((at) => at > ${at + gapMs})`;
    return (await this.#until(after)) - at;
  }

  /** From `at` (as `Date.now()` tells) until the screen was in that phase, or took that path. */
  async changeMs(
    at: number,
    to: { readonly phase?: string; readonly path?: string },
  ): Promise<number> {
    const [[name, value] = []] = Object.entries(to);
    const change = `stopwatch.changes.find((one) => one.at >= ${at} && one.${name} === "${value}")?.at`;
    return (await this.#until(change)) - at;
  }

  #until(expression: string): Promise<number> {
    const read = () => this.#page.evaluate<number | null>(`${expression} ?? null`);
    return eventually(read, deadlineMs, expression);
  }
}
