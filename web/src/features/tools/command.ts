import { Fault, isFaultCode } from "@cloudphone/shared/fault";
import { api } from "../../api.ts";

const askEveryMs = 300;

interface Pending {
  readonly commandId: string;
}

/** What a phone answered to a command, once it has: resolves with the result, rejects with a Fault that says why not. Every command ends by its own deadline. */
export async function answerOf(pending: Promise<Pending>): Promise<Record<string, unknown>> {
  const { commandId } = await pending;
  for (;;) {
    const outcome = await api.devices.command.query({ commandId });
    const { state, code, reason, result } = outcome;
    if (state === "completed") return result ?? {};
    if (state !== "pending")
      throw new Fault(code !== null && isFaultCode(code) ? code : "timed_out", reason ?? "");
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}

export const newKey = (): { readonly idempotencyKey: string } => ({
  idempotencyKey: crypto.randomUUID(),
});
