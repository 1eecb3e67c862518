import apkReader from "@devicefarmer/adbkit-apkreader";
import { z } from "zod";

/** What a phone reads of a package when it installs it. */
export interface PackageInfo {
  readonly packageName: string;
  readonly label: string;
  readonly versionName: string;
  readonly versionCode: number;
  readonly launcher: string | null;
}

/** A refusal of the phone's package manager, in Android's own words. */
export class InstallRefusal extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

const manifestSchema = z.object({
  package: z.string().regex(/^[A-Za-z]\w*(\.[A-Za-z]\w*)+$/),
  versionName: z.union([z.string(), z.number()]).optional(),
  versionCode: z.number().optional(),
  application: z
    .object({
      label: z.string().optional(),
      launcherActivities: z.array(z.object({ name: z.string() })).optional(),
    })
    .optional(),
});

/** Reads the binary manifest; rejects with a sentence for what is no package. */
export async function readPackage(bytes: Buffer): Promise<PackageInfo> {
  const reader = await apkReader.open(bytes);
  const manifest = manifestSchema.parse(await reader.readManifest());
  const label = manifest.application?.label ?? "";
  const shown =
    label === "" || label.startsWith("resourceId:") ? lastPart(manifest.package) : label;
  return {
    packageName: manifest.package,
    label: shown,
    versionName: String(manifest.versionName ?? ""),
    versionCode: manifest.versionCode ?? 0,
    launcher: manifest.application?.launcherActivities?.[0]?.name ?? null,
  };
}

/** "io.appium.settings" → "Settings": what a phone shows when a label is only a reference into the resources. */
function lastPart(packageName: string): string {
  const word = packageName.split(".").at(-1) ?? packageName;
  return word.charAt(0).toUpperCase() + word.slice(1);
}
