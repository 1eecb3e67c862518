import { readFile, rename } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import { checkPermission } from "../../platform/auth/permissions.ts";
import { checkScope } from "../../platform/auth/scopes.ts";
import { verifyPath } from "../../platform/auth/tokens.ts";
import { writtenDownIfAct } from "../../platform/http/audit.ts";
import { type Exchange, type HttpRoute, sendJson } from "../../platform/http/route.ts";
import { type Caller, requestCause } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import type { Devices } from "../devices/devices.ts";
import { type ApkInfo, readApk } from "./apk.ts";
import { blobPath, sendBlob, storeBlob, type StoredBlob } from "./blobs.ts";
import type { Library } from "./library.ts";

const maxScreenshotBytes = 20 * 1024 ** 2;
const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** What core serves besides tRPC: packages up and down, screenshots up and down. */
export function coreRoutes(deps: CoreDeps, library: Library, devices: Devices): HttpRoute[] {
  const shots = path.join(deps.blobDir, "screenshots");
  const signed = ({ url }: Exchange): void => {
    if (!verifyPath(deps.secrets.pathKey, url, deps.source.now()))
      throw new Fault("forbidden", "This address is not signed, or its time is over.");
  };
  return [
    uploadRoute(deps, library),
    {
      method: "GET",
      path: "/blobs/:sha256",
      async handle(exchange) {
        signed(exchange);
        const sha256 = exchange.params.sha256 ?? "";
        if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Fault("not_found", "There is no such file.");
        const type = "application/vnd.android.package-archive";
        await sendBlob(exchange, { path: blobPath(deps.blobDir, sha256), type, etag: sha256 });
      },
    },
    {
      method: "PUT",
      path: "/screenshots/:commandId",
      async handle(exchange) {
        signed(exchange);
        const blob = await storeBlob(exchange.request, {
          dir: shots,
          maxBytes: maxScreenshotBytes,
          check: async (file) => {
            const start = (await readFile(file)).subarray(0, png.length);
            if (!start.equals(png)) throw new Fault("bad_input", "A screenshot must be a PNG.");
          },
        });
        await nameBlob(shots, exchange.params.commandId ?? "", blob.sha256);
        sendJson(exchange.response, 201, blob);
      },
    },
    {
      method: "GET",
      path: "/screenshots/:commandId",
      async handle(exchange) {
        if (!exchange.context.caller) throw new Fault("unauthenticated", "Sign in first.");
        checkScope(exchange.context.caller, { path: "devices", writes: false });
        checkPermission(exchange.context.caller, "devices.read");
        const commandId = exchange.params.commandId ?? "";
        if (!/^[0-9a-f-]{36}$/.test(commandId))
          throw new Fault("not_found", "There is no such screenshot.");
        await devices.outcome(exchange.context.caller, commandId);
        const file = path.join(shots, `${commandId}.png`);
        await sendBlob(exchange, { path: file, type: "image/png", etag: commandId });
      },
    },
  ];
}

function uploadRoute(deps: CoreDeps, library: Library): HttpRoute {
  return {
    method: "POST",
    path: "/apps",
    async handle({ request, response, context }) {
      if (!context.caller)
        throw new Fault("unauthenticated", "Sign in first, and send a bearer token.");
      checkScope(context.caller, { path: "apps", writes: true });
      checkPermission(context.caller, "apps.write");
      const { caller } = context;
      const fileName = String(request.headers["x-file-name"] ?? "app.apk").slice(0, 200);
      const receive = async () => {
        refuseForm(request);
        const packed = await storeApk(request, caller, { deps, library });
        return library.add(caller, { ...packed, fileName, cause: requestCause(context) });
      };
      const act = { permission: "apps.write", act: "apps.upload", input: { fileName } } as const;
      sendJson(response, 201, await writtenDownIfAct({ ...context, caller }, act, receive));
    },
  };
}

async function storeApk(
  request: IncomingMessage,
  caller: Caller,
  { deps, library }: { readonly deps: CoreDeps; readonly library: Library },
): Promise<{ blob: StoredBlob; apk: ApkInfo }> {
  let apk: ApkInfo | null = null;
  const blob = await storeBlob(request, {
    dir: deps.blobDir,
    maxBytes: deps.maxAppBytes,
    check: async (file, received) => {
      await library.refuseBeyond(deps.database.query, caller, received);
      apk = await readApk(file);
    },
  });
  if (!apk) throw new Error("a package was stored unread");
  return { blob, apk };
}

/** A browser's form wraps the file in lines of its own, which no package would survive. */
function refuseForm({ headers }: IncomingMessage): void {
  if (/^(multipart\/|application\/x-www-form-urlencoded)/i.test(headers["content-type"] ?? ""))
    throw new Fault(
      "bad_input",
      "Send the package itself as the body (application/vnd.android.package-archive), not a form.",
    );
}

/** Gives a stored blob the name it is asked for by. */
async function nameBlob(dir: string, commandId: string, sha256: string): Promise<void> {
  if (!/^[0-9a-f-]{36}$/.test(commandId))
    throw new Fault("not_found", "There is no such screenshot.");
  const file = blobPath(dir, sha256);
  await rename(file, path.join(dir, `${commandId}.png`));
}
