import { api } from "../../api.ts";
import { faultOf, uploadApk } from "../apps/upload-apk.ts";

interface InstallOptions {
  readonly deviceId: string;
  /** The same key again is the same install. */
  readonly key: string;
  onUploaded(share: number): void;
  onInstalling(): void;
}

const askEveryMs = 500;

/** Uploads a package and has it installed; resolves once the phone has it, rejects with what went wrong. */
export async function installApk(
  file: File,
  { deviceId, key, onUploaded, onInstalling }: InstallOptions,
): Promise<void> {
  const appId = await uploadApk(file, onUploaded);
  onInstalling();
  const wish = { device: deviceId, app: appId, idempotencyKey: key };
  const { installationId } = await api.apps.install.mutate(wish);
  for (;;) {
    const { status, code, reason } = await api.apps.installation.query({ installationId });
    if (status === "installed") return;
    if (status !== "pending") throw faultOf(code, reason);
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}
