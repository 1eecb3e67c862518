import { readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Timer } from "../../platform/context.ts";
import type { CoreDeps } from "../deps.ts";
import { blobPath } from "./blobs.ts";

const hourMs = 3_600_000;
/** One that was stored lately may belong to an upload whose row is not written yet. */
const youngMs = 24 * hourMs;
const atOnce = 500;
const gone = ".gone";

type Deps = Pick<CoreDeps, "database" | "blobDir" | "source" | "logger">;

/** Frees the space of packages that nobody has any more: removed by everyone who had uploaded them, and wanted by no install under way. */
export function blobSweep(deps: Deps): Timer {
  return { name: "core.apps.sweep", everyMs: hourMs, run: () => sweepBlobs(deps) };
}

/** Safe beside uploads of the same content, and beside another hub that does it at once; what a crash left aside is put right the next time. */
export async function sweepBlobs({ database, blobDir, source, logger }: Deps): Promise<void> {
  const isOld = async (file: string): Promise<boolean> => {
    const found = await stat(file).catch(() => null);
    return found !== null && source.now() - found.mtimeMs > youngMs;
  };
  /** What an upload had put there meanwhile is young, and goes back to its place. */
  const settle = async (file: string): Promise<boolean> => {
    const old = await isOld(file + gone);
    if (old) await rm(file + gone, { force: true });
    else await rename(file + gone, file).catch(() => undefined);
    return old;
  };
  const { sums, aside } = await blobsIn(blobDir);
  for (const sha256 of aside) await settle(blobPath(blobDir, sha256));
  let freed = 0;
  for (let at = 0; at < sums.length; at += atOnce) {
    const some = sums.slice(at, at + atOnce);
    const wanted = await wantedOf(database, some);
    for (const file of some.filter((sum) => !wanted.has(sum)).map((sum) => blobPath(blobDir, sum)))
      if ((await isOld(file)) && (await moved(file, file + gone)) && (await settle(file))) freed++;
  }
  if (freed > 0) logger.info({ freed }, "packages that nobody has any more were deleted");
}

async function wantedOf(
  { query }: Deps["database"],
  sums: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await query<{ sha256: string }>`
    select distinct a.sha256 from apps a where a.sha256 = any(${[...sums]}) and (not a.removed
      or exists (select 1 from installations i where i.app_id = a.id and i.state = 'pending'))`;
  return new Set(rows.map(({ sha256 }) => sha256));
}

/** False: another hub was faster. */
const moved = (from: string, to: string): Promise<boolean> =>
  rename(from, to).then(
    () => true,
    () => false,
  );

async function blobsIn(dir: string): Promise<{ sums: string[]; aside: string[] }> {
  const names: string[] = [];
  for (const folder of await readdir(dir).catch(() => []))
    if (/^[0-9a-f]{2}$/.test(folder))
      names.push(...(await readdir(path.join(dir, folder)).catch(() => [])));
  return {
    sums: names.filter((name) => /^[0-9a-f]{64}$/.test(name)),
    aside: names.filter((name) => name.endsWith(gone)).map((name) => name.slice(0, -gone.length)),
  };
}
