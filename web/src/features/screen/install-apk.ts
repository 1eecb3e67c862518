import { Fault, isFaultCode } from "@cloudphone/shared/fault";
import { api } from "../../api.ts";
import { signIn } from "../../sign-in.ts";

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
  const appId = await upload(file, onUploaded);
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

/** XMLHttpRequest, for it alone tells how much has been sent. Resolves with the app's id. */
async function upload(file: File, onUploaded: (share: number) => void): Promise<string> {
  const token = await signIn.token();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/apps");
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.setRequestHeader("x-file-name", encodeURIComponent(file.name).slice(0, 200));
    request.upload.addEventListener("progress", ({ loaded, total }) => onUploaded(loaded / total));
    request.addEventListener("error", () => reject(faultOf("unavailable", null)));
    request.addEventListener("load", () => {
      const answer = parse(request.responseText);
      if (answer.appId) resolve(answer.appId);
      else reject(faultOf(answer.error?.code ?? null, answer.error?.message ?? null));
    });
    request.send(file);
  });
}

interface UploadAnswer {
  readonly appId?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

function parse(text: string): UploadAnswer {
  try {
    return JSON.parse(text) as UploadAnswer;
  } catch {
    return {};
  }
}

const faultOf = (code: string | null, reason: string | null): Fault =>
  new Fault(code !== null && isFaultCode(code) ? code : "unavailable", reason ?? "");
