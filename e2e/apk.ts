import { readFile } from "node:fs/promises";
import { realApk } from "@cloudphone/testing/apk";
import { eventually } from "./api.ts";
import type { Cell } from "./cell.ts";

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
