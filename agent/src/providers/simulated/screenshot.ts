import { PNG } from "pngjs";
import { drawScreen } from "./home-screen.ts";
import type { SimPhone } from "./phone.ts";

/** What `screencap -p` gives: a PNG of the screen as it is now. */
export function screenshot(phone: SimPhone): Buffer {
  const { width, height, pixels } = drawScreen(phone, new Date());
  const png = new PNG({ width, height });
  png.data = Buffer.from(pixels.buffer);
  return PNG.sync.write(png, { colorType: 2, inputHasAlpha: true });
}
