import { z } from "zod";
import { idSchema } from "./ids.ts";

/** What kind of phone is wanted. Providers read what concerns them and refuse what they can't give. */
export const deviceSpecSchema = z.object({
  /** Which provider makes it: `simulated`, `docker`, `usb`. */
  provider: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  /** What it runs, in the provider's own words: a container image, a model. */
  image: z.string().min(1).max(300),
  width: z.int().min(120).max(4096),
  height: z.int().min(120).max(4096),
  dpi: z.int().min(72).max(960),
  memoryMiB: z.int().min(64).max(262_144),
  cpus: z.number().min(0.1).max(256),
  /** Settings of the provider (`androidboot.*` for a container, fault knobs for a simulated phone). */
  properties: z.record(z.string().max(100), z.string().max(500)),
});
export type DeviceSpec = z.infer<typeof deviceSpecSchema>;

/**
 * A customer's right to a device, as every event about its use repeats it. `token` is the fence: it grows with
 * each lease of the device, and whatever carries a smaller one than the host holds is refused.
 */
export const leaseRefSchema = z.object({
  leaseId: idSchema,
  orderId: idSchema,
  userId: idSchema,
  token: z.int().min(1),
});
export type LeaseRef = z.infer<typeof leaseRefSchema>;

export const mostRecordingDays = 3650;
/** How long films of screens are kept; 0: none are made. */
export const recordingDaysSchema = z.number().min(0).max(mostRecordingDays);

/** What people mark phones with, to mean several at once: "team=checkout". */
export const labelNameSchema = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/, "a label's name is written like team or app.stage");
export const labelValueSchema = z
  .string()
  .max(63)
  .regex(/^[A-Za-z0-9._-]*$/, "a label's value has letters, digits, dots and dashes");

export const powerSchema = z.enum(["running", "stopped"]);
export type Power = z.infer<typeof powerSchema>;

/**
 * The whole truth about what one device should be; retained on its topic and replaced as a whole. An agent obeys the
 * highest `revision` it has seen and keeps it on disk, so a host that reboots needs no hub to bring its phones up.
 */
export const desiredSchema = z.object({
  v: z.literal(1),
  deviceId: idSchema,
  hostId: idSchema,
  name: z.string().min(1).max(100),
  revision: z.int().min(1),
  existence: z.enum(["present", "absent"]),
  power: powerSchema,
  spec: deviceSpecSchema,
  /** How many days films of its screen are kept, 0: it is not filmed. Left out: as its host's own configuration has it. */
  recordingDays: recordingDaysSchema.optional(),
  /** Fencing token of the newest lease this device ever had; 0 before the first. */
  token: z.int().min(0),
  lease: leaseRefSchema
    .extend({
      /** What is left of the lease when the hub sent this; counted down on the host's monotonic clock. Null: no end. */
      remainingMs: z.int().min(0).nullable(),
      /** 1, or left out, for the time it was let for; 2, 3, … each time it was extended. Within one, `remainingMs` may only shorten what the host counts. */
      term: z.int().min(1).optional(),
    })
    .nullable(),
  correlationId: idSchema,
});
export type Desired = z.infer<typeof desiredSchema>;

/** Of a phone that has one, when it was last looked at. */
export const batterySchema = z.object({
  percent: z.number().min(0).max(100),
  temperatureC: z.number().min(-100).max(200),
  charging: z.boolean(),
});
export type Battery = z.infer<typeof batterySchema>;

/** What a device is doing, as its host last reported it. */
export const deviceStates = [
  "creating",
  "stopped",
  "starting",
  "running",
  "stopping",
  "wiping",
  "failed",
  "destroyed",
] as const;
export type DeviceState = (typeof deviceStates)[number];
