import { mkdir, open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { Fault } from "@cloudphone/shared/fault";
import { whenAllowed } from "@cloudphone/shared/retry-after";
import { z } from "zod";

const credentialsSchema = z.object({
  hostId: z.uuid(),
  secret: z.string().min(1),
  hubUrl: z.url(),
  mqtt: z.object({ host: z.string(), port: z.int(), tls: z.boolean() }),
});
/** Who this host is to its hub, and where that is. Kept for the agent's account alone. */
export type Credentials = z.infer<typeof credentialsSchema>;

const answerSchema = z.object({
  result: z.object({
    data: z.object({
      hostId: z.uuid(),
      secret: z.string(),
      mqtt: z.object({ host: z.string().nullish(), port: z.int(), tls: z.boolean() }),
    }),
  }),
});
const refusalSchema = z.object({ error: z.object({ message: z.string() }) });

/** Trades a one-time token for credentials and stores them. */
export async function enroll(options: {
  hubUrl: string;
  token: string;
  name: string;
  dataDir: string;
}): Promise<Credentials> {
  const { hubUrl, token, name } = options;
  // A rack whose hosts enrol all at once is let in at the hub's own pace.
  const response = await whenAllowed(() =>
    fetch(new URL("/trpc/hosts.enroll", hubUrl), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token, name }),
      signal: AbortSignal.timeout(10_000),
    }),
  ).catch((cause: unknown) => {
    throw new Fault("unavailable", `The hub can't be reached at ${hubUrl}; is it running?`, {
      cause,
    });
  });
  const body: unknown = await response.json().catch(() => null);
  const answer = answerSchema.safeParse(body);
  if (!answer.success) {
    const refusal = refusalSchema.safeParse(body);
    const why = refusal.success ? refusal.data.error.message : `it answered ${response.status}`;
    throw new Fault("forbidden", `The hub did not enrol this host: ${why}`);
  }
  const { hostId, secret, mqtt } = answer.data.result.data;
  const credentials = {
    hostId,
    secret,
    hubUrl,
    mqtt: { ...mqtt, host: mqtt.host ?? new URL(hubUrl).hostname },
  };
  await store(options.dataDir, credentials);
  return credentials;
}

const fileOf = (dataDir: string): string => path.join(dataDir, "credentials.json");

async function store(dataDir: string, credentials: Credentials): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const fresh = `${fileOf(dataDir)}.new`;
  const handle = await open(fresh, "w", 0o600);
  await handle.writeFile(JSON.stringify(credentials));
  await handle.sync();
  await handle.close();
  await rename(fresh, fileOf(dataDir));
}

/** Null when this host was never enrolled. */
export async function loadCredentials(dataDir: string): Promise<Credentials | null> {
  const text = await readFile(fileOf(dataDir), "utf8").catch(() => null);
  if (text === null) return null;
  const parsed = credentialsSchema.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new Fault(
      "bad_input",
      `${fileOf(dataDir)} is damaged; enrol this host again with \`cloudphone enroll\`.`,
    );
  return parsed.data;
}
