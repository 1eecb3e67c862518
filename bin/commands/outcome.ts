import { Fault, isFaultCode } from "@cloudphone/shared/fault";
import { type Connection, until } from "../client.ts";

const waitMs = 180_000;

/** Waits for a command's outcome; a failure becomes the Fault it was. */
export async function completed({ client }: Connection, commandId: string, deadlineMs = waitMs) {
  const outcome = await until(
    async () => {
      const found = await client.devices.command.query({ commandId });
      return found.state === "pending" ? null : found;
    },
    deadlineMs,
    "The command",
  );
  if (outcome.state === "completed") return outcome;
  const code = outcome.code ?? "internal";
  throw new Fault(isFaultCode(code) ? code : "internal", outcome.reason ?? "It failed.");
}
