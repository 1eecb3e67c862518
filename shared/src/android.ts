import { z } from "zod";

/** Values that end up in a phone's shell. They are quoted there as well; what can't be meant is refused here, with the reason. */

export const packageNameSchema = z
  .string()
  .max(255)
  .regex(
    /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$/,
    "a package name is written like com.example.app",
  );

// bionic's PROP_VALUE_MAX is 92, with the final NUL.
const propertyValueMax = 91;

/** What would cut the phone off from the platform, or what only the system itself may say. */
const reservedProperties =
  /^(ro\.|ctl\.|init\.|selinux\.|sys\.(boot|powerctl|usb|init|shutdown)|dev\.bootcomplete|(persist\.|service\.|sys\.)?adb|persist\.sys\.usb|service\.adb)/;

/** What a property's name may begin with; all begin with nothing. */
export const propertyPrefixSchema = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9_.-]*$/, "a property is named like debug.app.level");

const propertyNameSchema = z
  .string()
  .max(255)
  .regex(/^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/, "a property is named like debug.app.level");

export const settablePropertySchema = propertyNameSchema.refine(
  (name) => !reservedProperties.test(name),
  "this property is read-only, or the platform needs it as it is",
);

export const propertyValueSchema = z
  .string()
  .max(propertyValueMax)
  .regex(/^\P{Cc}*$/u, "a property's value has no control characters");

/** BCP 47, as Android writes it: de-DE, zh-Hans-CN. */
export const localeSchema = z
  .string()
  .max(40)
  .regex(
    /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$/,
    "a locale is written like de-DE or zh-Hans-CN",
  );

/** A name of the IANA time zone database. */
export const timeZoneSchema = z
  .string()
  .max(60)
  .regex(/^[A-Za-z]+([/_+-][A-Za-z0-9]+)*$/, "a time zone is named like Europe/Berlin")
  .refine(isTimeZone, "there is no such time zone; they are named like Europe/Berlin");

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** Android's own setting knows HTTP proxies without a sign-in, and no IPv6 literals. */
export const proxySchema = z.object({
  host: z
    .string()
    .max(253)
    .regex(
      /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
      "a proxy's host is a name or an IPv4 address",
    ),
  port: z.int().min(1).max(65_535),
});
export type Proxy = z.infer<typeof proxySchema>;

export const locationSchema = z.object({
  /** Degrees, WGS 84. */
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  accuracyMeters: z.number().min(0.1).max(100_000).default(5),
});
export type Location = z.infer<typeof locationSchema>;

/** Degrees counter-clockwise from the phone's natural orientation; `auto`: as the phone is held. */
export const rotationSchema = z.literal([0, 90, 180, 270, "auto"]);

export const screenSizeSchema = z.object({
  width: z.int().min(120).max(8192),
  height: z.int().min(120).max(8192),
});
export const dpiSchema = z.int().min(72).max(960);
