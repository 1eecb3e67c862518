import { open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import { checkPermission } from "../../platform/auth/permissions.ts";
import { checkScope } from "../../platform/auth/scopes.ts";
import { verifyPath } from "../../platform/auth/tokens.ts";
import { type HttpRoute, sendJson } from "../../platform/http/route.ts";
import { blobPath, sendBlob, storeBlob } from "../apps/blobs.ts";
import type { CoreDeps } from "../deps.ts";
import type { Devices } from "../devices/devices.ts";

const maxBytes = 1024 ** 3;
/** Films are brought here to be downloaded; they stay on their hosts. */
const keptMs = 3_600_000;

/** Films of screens: up from the host that was asked for one, and down to who asked. */
export function recordingRoutes(deps: CoreDeps, devices: Devices): HttpRoute[] {
  const dir = path.join(deps.blobDir, "recordings");
  const fileOf = (commandId = ""): string => {
    if (!/^[0-9a-f-]{36}$/.test(commandId)) throw new Fault("not_found", "There is no such film.");
    return path.join(dir, `${commandId}.mp4`);
  };
  return [
    {
      method: "PUT",
      path: "/recordings/:commandId",
      async handle({ request, response, url, params }) {
        if (!verifyPath(deps.secrets.pathKey, url, deps.source.now()))
          throw new Fault("forbidden", "This address is not signed, or its time is over.");
        const file = fileOf(params.commandId);
        const blob = await storeBlob(request, { dir, maxBytes, check: refuseOther });
        await rename(blobPath(dir, blob.sha256), file);
        await removeOld(dir, deps.source.now());
        sendJson(response, 201, blob);
      },
    },
    {
      method: "GET",
      path: "/recordings/:commandId",
      async handle(exchange) {
        const { caller } = exchange.context;
        if (!caller) throw new Fault("unauthenticated", "Sign in first.");
        checkScope(caller, { path: "recordings", writes: false });
        checkPermission(caller, "recordings.read");
        const { commandId = "" } = exchange.params;
        const file = fileOf(commandId);
        await devices.outcome(caller, commandId);
        await sendBlob(exchange, { path: file, type: "video/mp4", etag: commandId });
      },
    },
  ];
}

/** ISO 14496-12, 4.3: a file's first box says what kind it is. */
async function refuseOther(file: string): Promise<void> {
  const opened = await open(file);
  try {
    const { buffer } = await opened.read(Buffer.alloc(8), 0, 8, 0);
    if (buffer.toString("latin1", 4, 8) !== "ftyp")
      throw new Fault("bad_input", "A recording must be an MP4 file.");
  } finally {
    await opened.close();
  }
}

async function removeOld(dir: string, nowMs: number): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.endsWith(".mp4")) continue;
    const file = path.join(dir, name);
    const { mtimeMs } = await stat(file);
    if (nowMs - mtimeMs > keptMs) await rm(file, { force: true });
  }
}
