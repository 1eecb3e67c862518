import { crc32, inflateRawSync } from "node:zlib";
// The parser of the binary manifest alone: the package's own ZIP reading has no limits, and never ends at damaged data.
import ManifestParser from "@devicefarmer/adbkit-apkreader/lib/apkreader/parser/manifest.js";
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

const maxManifestBytes = 4 * 1024 ** 2;

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

/** Reads the binary manifest; throws with a sentence for what is no package. */
export function readPackage(bytes: Buffer): PackageInfo {
  const manifest = manifestSchema.parse(new ManifestParser(manifestOf(bytes)).parse());
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

/** The binary manifest, unpacked within bounds, its checksum and its chain of chunks right. Throws with a reason for anything else. */
function manifestOf(apk: Buffer): Buffer {
  // Central directory header, APPNOTE 4.3.12: 46 bytes, then the name.
  const header = apk.lastIndexOf("AndroidManifest.xml") - 46;
  if (header < 0 || apk.readUInt32LE(header) !== 0x02014b50 || apk.lastIndexOf("PK\x05\x06") < 0)
    throw new Error("it is not a ZIP file with an AndroidManifest.xml");
  const local = apk.readUInt32LE(header + 42);
  const start = local + 30 + apk.readUInt16LE(local + 26) + apk.readUInt16LE(local + 28);
  const packed = apk.subarray(start, start + apk.readUInt32LE(header + 20));
  const stored = apk.readUInt16LE(header + 10) === 0;
  const manifest = stored ? packed : inflateRawSync(packed, { maxOutputLength: maxManifestBytes });
  if (manifest.length > maxManifestBytes || crc32(manifest) !== apk.readUInt32LE(header + 16))
    throw new Error("AndroidManifest.xml is damaged");
  requireChunks(manifest);
  return manifest;
}

/**
 * Each chunk has eight bytes of header at least and ends inside the document (AOSP ResourceTypes.h, ResChunk_header): the parser goes on
 * by the size that a chunk claims, and would go round for ever at a chunk of size 0.
 */
function requireChunks(manifest: Buffer): void {
  for (let at = 8; at < manifest.length; ) {
    const size = at + 8 <= manifest.length ? manifest.readUInt32LE(at + 4) : 0;
    if (size < 8 || at + size > manifest.length) throw new Error("AndroidManifest.xml is damaged");
    at += size;
  }
}

/** "io.appium.settings" → "Settings": what a phone shows when a label is only a reference into the resources. */
function lastPart(packageName: string): string {
  const word = packageName.split(".").at(-1) ?? packageName;
  return word.charAt(0).toUpperCase() + word.slice(1);
}
