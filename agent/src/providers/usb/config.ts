import { z } from "zod";
import { wordsSchema } from "../words.ts";

/** What an operator sets about real phones (`usb` in the file, CLOUDPHONE_USB_* and CLOUDPHONE_ADB_TARGETS in the environment). */
export const usbConfigSchema = z.object({
  /**
   * Serials of the phones that are for rent, or `all` for every one on a cable. None unless told: whatever is on a phone that is for rent is deleted
   * between leases, and a colleague's own phone may be charging here.
   */
  phones: wordsSchema.default([]),
  /** Phones to `adb connect` to, for rent as well: `host:port`. */
  targets: z
    .preprocess(
      (value) => (typeof value === "string" ? value.split(",").map((word) => word.trim()) : value),
      z
        .array(
          z.string().regex(/^[\w.-]+:\d{1,5}$|^\[[\da-fA-F:.]+\]:\d{1,5}$/, "must be host:port"),
        )
        .max(100),
    )
    .default([]),
  /** Port of this machine's adb server. */
  adbPort: z.coerce.number().int().min(1).max(65_535).default(5037),
  /** Of the battery. A hotter phone takes no new work and is not charged. */
  maxTemperatureC: z.coerce.number().min(30).max(60).default(45),
  /** Percent that a rooted phone's battery is kept between; on others the phone's own charging is left alone. */
  chargeFrom: z.coerce.number().int().min(5).max(95).default(40),
  chargeTo: z.coerce.number().int().min(10).max(100).default(80),
});
export type UsbConfig = z.infer<typeof usbConfigSchema>;
