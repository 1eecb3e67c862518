import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import type { LookupFunction } from "node:net";
import type { OutsideAddress } from "./outside-address.ts";

export interface OutsidePost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

/**
 * Posts to an address that was checked, and to no other: the connection goes to that address itself, whatever its name would resolve to now, and a redirect is an answer
 * like any other. Resolves with the status; rejects with a sentence when no answer comes in time. What the answer says is not read.
 */
export function postOutside(
  { url, address, family }: OutsideAddress,
  { headers, body, timeoutMs }: OutsidePost,
): Promise<number> {
  const pinned: LookupFunction = (_name, options, done) => {
    if (options.all) done(null, [{ address, family }]);
    else done(null, address, family);
  };
  const send = url.protocol === "https:" ? requestTls : requestPlain;
  return new Promise<number>((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = send(url, {
      method: "POST",
      agent: false,
      lookup: pinned,
      signal,
      headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      const late = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : null;
      reject(new Error(late ?? error.code ?? error.message));
    });
    request.on("response", (response) => {
      resolve(response.statusCode ?? 0);
      // Neither kept nor waited for.
      response.on("error", () => undefined);
      response.destroy();
    });
    request.end(body);
  });
}
