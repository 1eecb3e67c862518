import { readFile } from "node:fs/promises";
import { realApk } from "@cloudphone/testing/apk";
import { eventually } from "./api.ts";
import type { Cell } from "./cell.ts";
import type { Load } from "./load.ts";

/** The package that `realApk` holds. */
export const apkName = "io.appium.settings";

/** Uploads it as the customer's, until the hub has taken it. */
export async function uploadApk(cell: Cell): Promise<void> {
  const body = new Uint8Array(await readFile(realApk));
  await eventually(async () => {
    const headers = { authorization: `Bearer ${cell.customer.token}` };
    const response = await fetch(`${cell.url}/apps`, { method: "POST", headers, body });
    return response.status === 201 ? true : null;
  });
}

/** Has it installed on a phone; how that ended. */
export async function installOn(
  cell: Cell,
  load: Load,
  device: string,
): Promise<{ status: string; code: string | null }> {
  const answer = await load.ask(cell.customer, "apps.install", { device, app: apkName });
  return eventually(
    async () => {
      const found = await cell.customer.query<{ status: string; code: string | null }>(
        "apps.installation",
        { installationId: answer?.installationId },
      );
      return found.status === "pending" ? null : found;
    },
    60_000,
    "the installation's end",
  );
}
