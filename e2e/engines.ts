import path from "node:path";
import { databaseNames, provision } from "@cloudphone/hub/platform/postgres/provision";
import { startMosquitto, startPostgres } from "@cloudphone/testing/engines";

/** PostgreSQL and Mosquitto that hubs share, and how a hub is told of them. */
export interface Engines extends AsyncDisposable {
  readonly addresses: Awaited<ReturnType<typeof provision>>;
  readonly env: Readonly<Record<string, string>>;
}

/** Each database has a login of its own, with a password, as an operator sets it up. */
export async function startEngines(dir: string): Promise<Engines> {
  await using started = new AsyncDisposableStack();
  const postgres = started.use(await startPostgres(path.join(dir, "debian-postgres")));
  const mosquitto = started.use(await startMosquitto(path.join(dir, "mosquitto")));
  const password = "a-password-of-its-own";
  const addresses = await provision(
    { host: "127.0.0.1", port: postgres.port, user: "postgres", database: "postgres" },
    Object.fromEntries(databaseNames.map((name) => [name, password])),
  );
  const urls = databaseNames.map((name) => {
    const { user, host, port, database } = addresses[name];
    return [
      `CLOUDPHONE_${name.toUpperCase()}_DATABASE_URL`,
      `postgres://${user}:${password}@${host}:${port}/${database}`,
    ];
  });
  const stack = started.move();
  return {
    addresses,
    env: { ...Object.fromEntries(urls), CLOUDPHONE_MQTT_URL: mosquitto.url },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
