import { Fault, isFaultCode } from "@cloudphone/shared/fault";
import { signIn } from "../../sign-in.ts";

interface Upload {
  onUploaded(share: number): void;
  /** Aborted: it is not wanted any more. What was sent of it is nowhere. */
  readonly signal: AbortSignal;
}

/** XMLHttpRequest, for it alone tells how much has been sent. Resolves with the app's id. */
export async function uploadApk(file: File, { onUploaded, signal }: Upload): Promise<string> {
  const token = await signIn.token();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/apps");
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.setRequestHeader("x-file-name", encodeURIComponent(file.name).slice(0, 200));
    request.upload.addEventListener("progress", ({ loaded, total }) => onUploaded(loaded / total));
    request.addEventListener("abort", () => reject(faultOf("cancelled", null)));
    request.addEventListener("error", () => reject(faultOf("unavailable", null)));
    request.addEventListener("load", () => {
      const answer = parse(request.responseText);
      if (answer.appId) resolve(answer.appId);
      else reject(faultOf(answer.error?.code ?? null, answer.error?.message ?? null));
    });
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
    if (signal.aborted) request.abort();
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

export const faultOf = (code: string | null, reason: string | null): Fault =>
  new Fault(code !== null && isFaultCode(code) ? code : "unavailable", reason ?? "");
