import { PNG } from "pngjs";
import type { SimPhone } from "./phone.ts";
import { drawScreen } from "./ui/draw.ts";
import { blankFrame, bytesOf } from "./ui/frame.ts";

/** What `screencap -p` gives: a PNG of the screen as it is now. */
export function screenshot(phone: SimPhone): Buffer {
  const { width, height } = phone.size;
  const frame = blankFrame(width, height);
  drawScreen(frame, { phone, width, height, now: new Date() });
  const png = new PNG({ width, height });
  png.data = Buffer.from(bytesOf(frame));
  return PNG.sync.write(png, { colorType: 2, inputHasAlpha: true });
}
