import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { once } from "node:events";
import { Api, eventually } from "../../e2e/api.ts";
import { startProgram } from "../../e2e/program.ts";

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

export interface HostRow {
  readonly hostId: string;
  readonly name: string;
  readonly state: string;
  readonly agentVersion: string | null;
  readonly providers: readonly { kind: string; available: boolean }[];
  readonly health: { fails: number } | null;
}

/** A hub as `cloudphone hub` runs it, with its administrator signed in. */
export async function startTestHub() {
  const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-deploy-hub-"));
  const program = startProgram([
    "hub",
    "--data",
    dir,
    "--port",
    "0",
    "--mqtt-port",
    "0",
    "--log-level",
    "warn",
  ]);
  try {
    const { httpPort } = await program.ready;
    const url = `http://127.0.0.1:${Number(httpPort)}`;
    const api = new Api(() => url);
    const { admin } = JSON.parse(
      await readFile(path.join(dir, "hub", "first-accounts.json"), "utf8"),
    ) as { admin: { email: string; password: string } };
    await eventually(async () => {
      await api.login(admin);
      return true;
    });
    return {
      url,
      api,
      token: async () => (await api.mutate<{ token: string }>("hosts.createEnrollment", {})).token,
      /** Resolves once a host of that name is there as `wanted` says. */
      host: (name: string, wanted: (host: HostRow) => boolean) =>
        eventually(
          async () => {
            const hosts = await api.query<HostRow[]>("hosts.list");
            return hosts.find((host) => host.name === name && wanted(host)) ?? null;
          },
          30_000,
          `host ${name} as it should be`,
        ),
      async [Symbol.asyncDispose]() {
        program.kill("SIGTERM");
        await program.ended;
        await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    program.kill("SIGKILL");
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  }
}
export type TestHub = Awaited<ReturnType<typeof startTestHub>>;
