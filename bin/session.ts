import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
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
  await writeFile(`${file()}.new`, JSON.stringify(session), { mode: 0o600 });
  await rename(`${file()}.new`, file());
}

export const dropSession = (): Promise<void> => rm(file(), { force: true });
