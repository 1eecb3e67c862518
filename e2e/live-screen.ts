import type { Page } from "playwright-core";

/** A colour of the picture, 0 to 255 each. */
export type Pixel = readonly [red: number, green: number, blue: number];

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Reads what is on top of the screen now, video or canvas, scaled to its own pixels; the tests' part inside the page. */
const probe = `(share) => {
  const [video, canvas] = [document.querySelector(".screen video"), document.querySelector(".screen canvas")];
  const top = canvas.hidden ? video : canvas;
  const [width, height] = canvas.hidden ? [video.videoWidth, video.videoHeight] : [canvas.width, canvas.height];
  const copy = new OffscreenCanvas(Math.max(1, width), Math.max(1, height));
  const context = copy.getContext("2d");
  context.drawImage(top, 0, 0);
  const [x, y] = [Math.floor(share.x * width), Math.floor(share.y * height)];
  return { width, height, pixel: [...context.getImageData(x, y, 1, 1).data.slice(0, 3)] };
}`;

/** A place as shares of the picture, from its upper left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Where things are on a simulated phone's screen, upright. */
export const places = {
  notes: { x: 0.125, y: 0.88 },
  contacts: { x: 0.375, y: 0.88 },
  motion: { x: 0.625, y: 0.88 },
  middle: { x: 0.5, y: 0.6 },
} as const satisfies Record<string, Place>;

/** A page's live screen, as a person sees and touches it. */
export class LiveScreen {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async size(): Promise<Size> {
    const { width, height } = await this.#look(places.middle);
    return { width, height };
  }

  async pixel(place: Place): Promise<Pixel> {
    return (await this.#look(place)).pixel;
  }

  /** Pictures that the video has had so far, and those of them that it did not show. */
  played(): Promise<{ readonly total: number; readonly dropped: number }> {
    return this.#page.evaluate(`{
      const { totalVideoFrames: total, droppedVideoFrames: dropped } = document.querySelector(".screen video").getVideoPlaybackQuality();
      ({ total, dropped });
    }`);
  }

  /** Presses and lets go, with the mouse, where that place of the picture is on the page. */
  async tap(place: Place): Promise<void> {
    const box = await this.#page.getByTestId("screen").boundingBox();
    if (!box) throw new Error("there is no screen on the page");
    const { width, height } = await this.size();
    const scale = Math.min(box.width / width, box.height / height);
    const at = (share: number, length: number, whole: number): number =>
      (whole - length * scale) / 2 + share * length * scale;
    await this.#page.mouse.click(
      box.x + at(place.x, width, box.width),
      box.y + at(place.y, height, box.height),
    );
  }

  press(button: string): Promise<void> {
    return this.#page.getByRole("button", { name: button, exact: true }).click();
  }

  #look(place: Place): Promise<Size & { readonly pixel: Pixel }> {
    return this.#page.evaluate(`(${probe})(${JSON.stringify(place)})`);
  }
}

/** The home screen's wallpaper is blue, an app's page nearly white. */
export const isPaper = ([red, green, blue]: Pixel): boolean => Math.min(red, green, blue) > 225;
