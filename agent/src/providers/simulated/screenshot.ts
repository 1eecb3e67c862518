import { PNG } from "pngjs";
import type { SimPhone } from "./phone.ts";
import { drawScreen } from "./ui/draw.ts";
import { blankFrame, bytesOf } from "./ui/frame.ts";

/** What `screencap -p` gives: a PNG of the screen as it is now. */
export function screenshot(phone: SimPhone): Buffer {
  const { width, height } = phone.size;
  const png = new PNG({ width, height });
  png.data = draw(phone);
  return PNG.sync.write(png, { colorType: 2, inputHasAlpha: true });
}

/** What `screencap` alone gives since Android 9: width, height, format (RGBA_8888), colour space (sRGB), then the pixels. */
export function rawScreenshot(phone: SimPhone): Buffer {
  const { width, height } = phone.size;
  const header = Buffer.alloc(16);
  for (const [at, word] of [width, height, 1, 1].entries()) header.writeUInt32LE(word, at * 4);
  return Buffer.concat([header, draw(phone)]);
}

function draw(phone: SimPhone): Buffer {
  const { width, height } = phone.size;
  const frame = blankFrame(width, height);
  drawScreen(frame, { phone, width, height, now: new Date() });
  return Buffer.from(bytesOf(frame));
}
