import { z } from "zod";
import { idSchema } from "../ids.ts";
import { event, nextVersion } from "./define.ts";

const userId = "018f3c5a-0000-7000-8000-000000000011";
const byUserId = "018f3c5a-0000-7000-8000-000000000012";

/** What a role may be called. `customer`, `operator` and `admin` are always there; an administrator composes others. */
export const roleNameSchema = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9-]*$/, "a role is named like support or night-shift");

const registeredV1 = event(
  "core",
  z.object({
    userId: idSchema,
    email: z.string(),
    role: z.enum(["customer", "operator", "admin"]),
    demo: z.boolean(),
  }),
  { userId, email: "ann@example.com", role: "customer", demo: false },
);

/** Subject: the user's id. */
export const userEvents = {
  /** Version 1 knew three roles. */
  "user.registered": nextVersion(registeredV1, {
    schema: z.object({
      userId: idSchema,
      email: z.string(),
      role: roleNameSchema,
      demo: z.boolean(),
    }),
    sample: { userId, email: "ann@example.com", role: "support", demo: false },
    upcast: (registered) => registered,
  }),
  "user.role.changed": event(
    "core",
    z.object({ userId: idSchema, role: roleNameSchema, byUserId: idSchema }),
    { userId, role: "operator", byUserId },
  ),
  /** What the account may have at a time, from now on. */
  "user.quota.changed": event(
    "core",
    z.object({
      userId: idSchema,
      byUserId: idSchema,
      devices: z.int(),
      storageBytes: z.int(),
      sessions: z.int(),
    }),
    { userId, byUserId, devices: 5, storageBytes: 1_000_000, sessions: 16 },
  ),
  /** By its owner, or by an operator who gave a temporary one; sign-ins have ended with it. */
  "user.password.changed": event(
    "core",
    z.object({ userId: idSchema, byUserId: idSchema, temporary: z.boolean() }),
    { userId, byUserId: userId, temporary: false },
  ),
};
