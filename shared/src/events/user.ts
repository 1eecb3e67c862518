import { z } from "zod";
import { idSchema } from "../ids.ts";
import { event } from "./define.ts";

const userId = "018f3c5a-0000-7000-8000-000000000011";
export const roles = ["customer", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

/** Subject: the user's id. */
export const userEvents = {
  "user.registered": event(
    "core",
    z.object({ userId: idSchema, email: z.string(), role: z.enum(roles), demo: z.boolean() }),
    { userId, email: "ann@example.com", role: "customer", demo: false },
  ),
};
