import { z } from "zod";
import { recordingDaysSchema } from "@cloudphone/shared/device";
import { dockerConfigSchema } from "./providers/docker/config.ts";
import { usbConfigSchema } from "./providers/usb/config.ts";
import { perDeviceSchema } from "./doctor/capacity.ts";

/** What an agent needs to know to run. Made by the command line from flags, then CLOUDPHONE_*, then the file. */
export const agentConfigSchema = z.object({
  dataDir: z.string().min(1),
  /** How long a device that neither this host nor its hub knows is left alone. */
  strayGraceMs: z.coerce.number().int().min(1000).default(600_000),
  bootDeadlineMs: z.coerce.number().int().min(1000).default(120_000),
  simulated: z
    .object({
      /** 0: none, and nothing of theirs listens on adb's port. */
      capacity: z.coerce.number().int().min(0).max(1000).default(8),
      frontEnd: z.enum(["server", "transport"]).default("server"),
      adbPort: z.coerce.number().int().min(1).max(65_535).default(5037),
      /** A file in which the phones write down when they were on, for tests that hold it against what was billed. */
      powerLog: z.string().min(1).optional(),
    })
    .prefault({}),
  docker: dockerConfigSchema.prefault({}),
  usb: usbConfigSchema.prefault({}),
  /** What one container takes: what the capacity figure of `cloudphone doctor` divides by. */
  perDevice: perDeviceSchema.prefault({}),
  /** "turn:turn.example.com:3478", for the doctor's look at it. */
  turnUrl: z
    .string()
    .regex(/^(turn|stun):[^/:@?]+(:\d{1,5})?$/, "must be written turn:host:port")
    .optional(),
  /** scrcpy's server, put there by the operator; null: the agent fetches it. */
  scrcpyServer: z.string().min(1).nullable().default(null),
  media: z
    .object({
      /** Offered to viewers besides the interfaces' own: a public address behind NAT. */
      addresses: z.array(z.union([z.ipv4(), z.ipv6()])).default([]),
      /** UDP ports of live screens, "40000-40999"; null: any. */
      ports: z
        .tuple([z.int().min(1024).max(65_535), z.int().min(1024).max(65_535)])
        .refine(([first, last]) => first < last, "the first port must be below the last")
        .nullable()
        .default(null),
    })
    .prefault({}),
  /** Films of screens, kept on this host while people look at them. */
  recordings: z
    .object({
      /** Of phones that nobody wishes otherwise for. */
      days: z.coerce.number().pipe(recordingDaysSchema).default(0),
      /** The oldest are deleted while all have more together. */
      maxMiB: z.coerce.number().int().min(1).default(10_240),
    })
    .prefault({}),
  storeMaxBytes: z.coerce
    .number()
    .int()
    .min(1024 ** 2)
    .default(512 * 1024 ** 2),
});
export type AgentConfig = z.infer<typeof agentConfigSchema>;
