import { hkdfSync, randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";

const secretsSchema = z.object({
  /** Signs access tokens. */
  tokenKey: z.base64(),
  /** Signs paths that agents download from and upload to. */
  pathKey: z.base64(),
});
export interface Secrets {
  readonly tokenKey: Uint8Array;
  readonly pathKey: Uint8Array;
  /** Signs sessions' tickets; made of the path key, so that it needs no place of its own. */
  readonly ticketKey: Uint8Array;
}

/** The hub's keys, made at its first start and kept for its account alone. */
export async function loadSecrets(dir: string): Promise<Secrets> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = path.join(dir, "secrets.json");
  const text = await readFile(file, "utf8").catch(() => null);
  const stored = text === null ? await create(file) : secretsSchema.parse(JSON.parse(text));
  const pathKey = Buffer.from(stored.pathKey, "base64");
  return {
    tokenKey: Buffer.from(stored.tokenKey, "base64"),
    pathKey,
    ticketKey: new Uint8Array(hkdfSync("sha256", pathKey, "", "cloudphone session ticket", 32)),
  };
}

async function create(file: string): Promise<z.infer<typeof secretsSchema>> {
  const key = (): string => randomBytes(32).toString("base64");
  const secrets = { tokenKey: key(), pathKey: key() };
  await writePrivate(file, JSON.stringify(secrets));
  return secrets;
}

/** Writes a file that only this account may read, so that it is either whole or not there, also after a power cut. */
export async function writePrivate(file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  const handle = await open(fresh, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}
