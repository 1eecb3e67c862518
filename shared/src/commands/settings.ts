import { z } from "zod";
import {
  dpiSchema,
  localeSchema,
  locationSchema,
  propertyPrefixSchema,
  propertyValueSchema,
  proxySchema,
  rotationSchema,
  screenSizeSchema,
  settablePropertySchema,
  timeZoneSchema,
} from "../android.ts";

const quickMs = 30_000;

/** What a phone is set to. Which of these a phone can do follows from what it answers; one that can't ends as `unsupported`. */
export const settingsCommands = {
  /** Version, screen, orientation, locale, time zone and proxy, as the phone tells them. */
  "device.inspect": {
    data: z.object({}),
    deadlineMs: quickMs,
    beside: true,
    completed: "device.inspect.completed",
    failed: "device.inspect.failed",
  },
  "device.getprop": {
    /** Only properties whose name begins so. */
    data: z.object({ prefix: propertyPrefixSchema }),
    deadlineMs: quickMs,
    beside: true,
    completed: "device.getprop.completed",
    failed: "device.getprop.failed",
  },
  "device.setprop": {
    data: z.object({ name: settablePropertySchema, value: propertyValueSchema }),
    deadlineMs: quickMs,
    completed: "device.setprop.completed",
    failed: "device.setprop.failed",
  },
  "device.rotate": {
    data: z.object({ rotation: rotationSchema }),
    deadlineMs: quickMs,
    completed: "device.rotate.completed",
    failed: "device.rotate.failed",
  },
  /** Overrides the screen's size or density; null: the panel's own again; left out: as it is. */
  "device.resize": {
    data: z.object({
      size: screenSizeSchema.nullable().optional(),
      dpi: dpiSchema.nullable().optional(),
    }),
    deadlineMs: quickMs,
    completed: "device.resize.completed",
    failed: "device.resize.failed",
  },
  /** A mock location; null: the phone's own again. */
  "device.locate": {
    data: z.object({ location: locationSchema.nullable() }),
    deadlineMs: quickMs,
    completed: "device.locate.completed",
    failed: "device.locate.failed",
  },
  "device.locale.set": {
    data: z.object({ locale: localeSchema }),
    deadlineMs: quickMs,
    completed: "device.locale.set.completed",
    failed: "device.locale.set.failed",
  },
  "device.timezone.set": {
    data: z.object({ timeZone: timeZoneSchema }),
    deadlineMs: quickMs,
    completed: "device.timezone.set.completed",
    failed: "device.timezone.set.failed",
  },
  /** The HTTP proxy of the whole phone; null: none. */
  "device.proxy.set": {
    data: z.object({ proxy: proxySchema.nullable() }),
    deadlineMs: quickMs,
    completed: "device.proxy.set.completed",
    failed: "device.proxy.set.failed",
  },
} as const;
