import { api } from "../../api.ts";
import { faultOf, uploadApk } from "../apps/upload-apk.ts";

interface InstallOptions {
  readonly deviceId: string;
  /** The same key again is the same install. */
  readonly key: string;
  /** How much of it is uploaded; null: all of it, and the phone installs it. */
  onShare(share: number | null): void;
  /** Holds for the upload: what a phone has begun to install it installs. */
  readonly signal: AbortSignal;
}

const askEveryMs = 500;

/** Uploads a package and has it installed; resolves once the phone has it, rejects with what went wrong. */
export async function installApk(
  file: File,
  { deviceId, key, onShare, signal }: InstallOptions,
): Promise<void> {
  const appId = await uploadApk(file, { onUploaded: onShare, signal });
  onShare(null);
  const wish = { device: deviceId, app: appId, idempotencyKey: key };
  const { installationId } = await api.apps.install.mutate(wish);
  for (;;) {
    const { status, code, reason } = await api.apps.installation.query({ installationId });
    if (status === "installed") return;
    if (status !== "pending") throw faultOf(code, reason);
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}
