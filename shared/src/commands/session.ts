import { z } from "zod";
import { idSchema } from "../ids.ts";
import { iceServerSchema } from "../live.ts";
import { sessionPurposes } from "../relay.ts";

export const sessionCommands = {
  /** Dials the hub's relay and serves the device there. It ends when the line is open; the session goes on until either side or the lease ends it. */
  "session.open": {
    data: z.object({
      sessionId: idSchema,
      purpose: z.enum(sessionPurposes),
      /** Opens the host's side of the relay once; short-lived. */
      ticket: z.string().max(4000),
      /** Asked for by an operator, who may also use what would let a customer change the device's daemon. */
      staff: z.boolean(),
      /** For the purpose `screen`: what the viewer may do, and how the two ends may find each other. */
      screen: z
        .object({
          viewOnly: z.boolean(),
          /** False for a visitor who has come by a link: it is shown the screen, and hears nothing. */
          sound: z.boolean().default(true),
          iceServers: z.array(iceServerSchema).max(8),
          /** The viewer must not learn the host's addresses: TURN, or the relay. */
          relayOnly: z.boolean(),
        })
        .default({ viewOnly: true, sound: true, iceServers: [], relayOnly: false }),
    }),
    deadlineMs: 15_000,
    completed: "session.opened",
    failed: "session.open.failed",
    beside: true,
  },
} as const;
