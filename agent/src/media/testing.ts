import { mkdir } from "node:fs/promises";
import path from "node:path";
import { openServerFile } from "./scrcpy/server-file.ts";

const fetchMs = 90_000;

/** scrcpy's server for tests: verified like any other, and fetched once for all runs of this checkout. */
export async function serverFileForTests(): Promise<string> {
  const dataDir = path.resolve(import.meta.dirname, "../../../node_modules/.cache/cloudphone");
  await mkdir(dataDir, { recursive: true });
  return openServerFile({ dataDir, configuredPath: null, signal: AbortSignal.timeout(fetchMs) });
}
