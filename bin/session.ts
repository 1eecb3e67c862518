import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { z } from "zod";

const sessionSchema = z.object({
  url: z.url(),
  email: z.string(),
  accessToken: z.string(),
  accessExpiresAt: z.string(),
  refreshToken: z.string(),
});
/** Who is signed in at which hub. Kept for this account alone. */
export type Session = z.infer<typeof sessionSchema>;

const file = (): string => {
  const { CLOUDPHONE_HOME, XDG_CONFIG_HOME } = process.env;
  const dir =
    CLOUDPHONE_HOME ?? path.join(XDG_CONFIG_HOME ?? path.join(homedir(), ".config"), "cloudphone");
  return path.join(dir, "session.json");
};

export async function loadSession(): Promise<Session | null> {
  const text = await readFile(file(), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return sessionSchema.parse(JSON.parse(text));
  } catch {
    // A file that can't be read is as good as none: sign in again.
    return null;
  }
}

export async function saveSession(session: Session): Promise<void> {
  await mkdir(path.dirname(file()), { recursive: true, mode: 0o700 });
  const fresh = `${file()}.${process.pid}.new`;
  await writeFile(fresh, JSON.stringify(session), { mode: 0o600 });
  await rename(fresh, file());
}

/** Longer than a renewal may take: whoever holds the lock beyond it was killed. */
const staleMs = 20_000;

/** One command at a time renews the sign-in: a refresh token that is used twice ends it. */
export async function whileLocked<T>(work: () => Promise<T>): Promise<T> {
  const lock = `${file()}.lock`;
  await mkdir(path.dirname(lock), { recursive: true, mode: 0o700 });
  while (!(await took(lock))) {
    const heldSince = (await stat(lock).catch(() => null))?.mtimeMs ?? Date.now();
    if (Date.now() - heldSince > staleMs) await rm(lock, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 25));
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function took(lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx", 0o600)).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

export const dropSession = (): Promise<void> => rm(file(), { force: true });
