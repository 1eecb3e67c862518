import { mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const memory = "/dev/shm";
const roomBytes = 1024 ** 3;

/**
 * A new folder for a test's databases: in memory where that has room, else under the system's temporary folder. What a killed process has written is in
 * either; only a power cut would tell them apart, and the thousands of small files of a PostgreSQL server cost a tenth there.
 */
export async function databaseFolder(prefix: string): Promise<string> {
  const info = await statfs(memory).catch(() => null);
  const roomy = info !== null && info.bavail * info.bsize > roomBytes;
  return mkdtemp(path.join(roomy ? memory : tmpdir(), prefix));
}
