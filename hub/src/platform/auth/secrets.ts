import { hkdfSync, randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
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
  /** Signs the links by which phones are shown to others. */
  readonly shareKey: Uint8Array;
}

/** The keys of all hubs that share the folder, made at the first start of the first and kept for their account alone. */
export async function loadSecrets(dir: string): Promise<Secrets> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = path.join(dir, "secrets.json");
  const text = await readFile(file, "utf8").catch(() => null);
  const stored = secretsSchema.parse(JSON.parse(text ?? (await create(file))));
  const pathKey = Buffer.from(stored.pathKey, "base64");
  const made = (what: string): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", pathKey, "", `cloudphone ${what}`, 32));
  return {
    tokenKey: Buffer.from(stored.tokenKey, "base64"),
    pathKey,
    ticketKey: made("session ticket"),
    shareKey: made("share link"),
  };
}

/** Who this hub is to the others on its databases: its own over every restart from the same folder. */
export async function loadHubId(dir: string, fresh: string): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = path.join(dir, "hub-id");
  const known = await readFile(file, "utf8").catch(() => null);
  return (known ?? (await writePrivateOnce(file, fresh))).trim();
}

function create(file: string): Promise<string> {
  const key = (): string => randomBytes(32).toString("base64");
  return writePrivateOnce(file, JSON.stringify({ tokenKey: key(), pathKey: key() }));
}

/**
 * Writes a file that only this account may read, so that it is either whole or not there, also after a power cut; unless it is there already.
 * Of several hubs that start at once one writes it. Returns what it has.
 */
export async function writePrivateOnce(file: string, text: string): Promise<string> {
  const fresh = `${file}.${randomBytes(6).toString("hex")}.new`;
  const handle = await open(fresh, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // Fails when it is there; a rename would take its place.
  await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(fresh);
  return readFile(file, "utf8");
}

/** A password that nobody chose: 96 random bits in letters that are easily told apart. */
export function newPassword(): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789ABCD";
  const picked = [...randomBytes(20)].map((byte) => letters[byte % 32]).join("");
  return picked.replace(/(.{5})(?=.)/g, "$1-");
}
