import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { Fault } from "@cloudphone/shared/fault";
import type { Exchange, HttpRoute } from "./route.ts";

const run = promisify(execFile);
const packMs = 60_000;

/** The folder that this very hub runs from. */
const workspace = path.resolve(import.meta.dirname, "../../../..");

/**
 * What turns a machine into a host of this hub: the installer, and the platform's own files as `bin/pack` packs them, so that a host
 * always begins with its hub's release. Open to anyone: both are free software, and hold no secret.
 */
export function softwareRoutes({
  dir,
  root = workspace,
}: {
  dir: string;
  root?: string;
}): HttpRoute[] {
  const installer = path.join(root, "deploy/install-agent.sh");
  const archive = path.join(dir, "cloudphone.tar.gz");
  let packed: Promise<void> | null = null;
  /** Once per start of the hub; a failure is tried again at the next request. */
  const pack = async (): Promise<void> => {
    packed ??= run(path.join(root, "bin/pack"), [archive], { timeout: packMs }).then(
      () => undefined,
      (cause: unknown) => {
        packed = null;
        throw new Fault(
          "unavailable",
          "This hub could not pack its software; its log has the cause.",
          { cause },
        );
      },
    );
    return packed;
  };
  return [
    {
      method: "GET",
      path: "/install/agent.sh",
      handle: (exchange) => send(exchange, installer, "text/x-shellscript; charset=utf-8"),
    },
    {
      method: "GET",
      path: "/install/cloudphone.tar.gz",
      async handle(exchange) {
        await pack();
        await send(exchange, archive, "application/gzip");
      },
    },
  ];
}

async function send({ response }: Exchange, file: string, type: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (!found)
    throw new Fault(
      "not_found",
      "This hub has no software to give; install it from a file of `bin/pack`.",
    );
  response.writeHead(200, { "content-type": type, "content-length": found.size });
  await pipeline(createReadStream(file), response);
}
