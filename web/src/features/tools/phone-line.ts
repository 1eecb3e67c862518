import { PhoneConnection } from "../../adb/connection.ts";
import { api } from "../../api.ts";

/** Opens a session with a phone's adb, as `cloudphone shell` does. Rejects with why not. */
export async function openPhoneLine(device: string): Promise<PhoneConnection> {
  const idempotencyKey = crypto.randomUUID();
  const { ticket } = await api.sessions.open.mutate({ device, purpose: "adb", idempotencyKey });
  return PhoneConnection.open(window.location.origin, ticket);
}
