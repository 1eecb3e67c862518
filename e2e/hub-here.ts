import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { hubConfigSchema } from "@cloudphone/hub/config";
import { type Hub, startHub } from "@cloudphone/hub/hub";
import { databaseNames } from "@cloudphone/hub/platform/postgres/provision";
import { type TestDatabases, testDatabases } from "@cloudphone/hub/platform/postgres/testing";
import { systemSource } from "@cloudphone/hub/platform/source";
import { pino } from "pino";
import { Api } from "./api.ts";

export interface HubHere extends AsyncDisposable {
  readonly hub: Hub;
  readonly url: string;
  readonly mqttPort: number;
  /** Its databases, looked into from beside it. */
  readonly databases: TestDatabases;
  readonly admin: Api;
}

/** A whole hub in this process, on free ports and databases of its own, with its administrator signed in and nobody's calls counted. */
export async function startHubHere(settings: Record<string, unknown> = {}): Promise<HubHere> {
  await using undo = new AsyncDisposableStack();
  const databases = undo.use(await testDatabases());
  const dataDir = await mkdtemp(path.join(tmpdir(), "cloudphone-hub-"));
  undo.defer(() => rm(dataDir, { recursive: true, force: true }));
  const hub = await startHub({
    config: hubConfigSchema.parse({
      ...{ dataDir, port: 0, mqttPort: 0, demo: true, rateLimits: "off" },
      databases: urlsOf(databases),
      ...settings,
    }),
    source: systemSource,
    logger: pino({ level: "silent" }),
  });
  undo.defer(() => hub.stop());
  const url = `http://127.0.0.1:${hub.httpPort}`;
  const admin = new Api(() => url);
  if (hub.seeded.admin) await admin.login(hub.seeded.admin);
  const all = undo.move();
  return {
    ...{ hub, url, mqttPort: hub.mqttPort, databases, admin },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const urlsOf = ({ server: { host, port } }: TestDatabases): Record<string, string> =>
  Object.fromEntries(
    databaseNames.map((name) => [
      name,
      `postgres://cloudphone_${name}@here:${port}/cloudphone_${name}?host=${encodeURIComponent(host)}`,
    ]),
  );
