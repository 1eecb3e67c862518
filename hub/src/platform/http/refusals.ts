import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type FaultCode, faultCodes } from "@cloudphone/shared/fault";
import { isNestedTooDeep, maxBatch, maxBodyBytes, nestedTooDeep } from "./limits.ts";
import { sendJson } from "./route.ts";

/** Why a call is not looked at any further. */
export interface Refusal {
  readonly status: number;
  readonly code: FaultCode;
  readonly message: string;
}

const maxThrownAwayBytes = 8 * maxBodyBytes;
const lingerMs = 2000;
/** For a body to come whole: 1 MiB at the slowest line that is of any use. */
const bodyMs = 30_000;

const tooLarge: Refusal = {
  status: 413,
  code: "too_large",
  message: "A request may have at most 1 MiB.",
};
const tooDeep: Refusal = { status: 400, code: "bad_input", message: nestedTooDeep };

/** What a request shows before its body is read: its type, how many calls it makes, how long it says it is. */
export function refuseCall(request: IncomingMessage, url: URL): Refusal | null {
  // A form post needs no preflight in a browser, so another site's page could send it.
  if (
    request.method === "POST" &&
    !/^application\/json\b/i.test(request.headers["content-type"] ?? "")
  )
    return {
      status: 415,
      code: "bad_input",
      message: "Send application/json: forms and other types are not taken here.",
    };
  // An encoded comma parts calls as well.
  const calls = url.pathname.split(/,|%2c/i).length;
  if (calls > maxBatch)
    return {
      status: 413,
      code: "too_large",
      message: `A request makes at most ${maxBatch} calls, and this one ${calls}; none of them was made. Send fewer at a time.`,
    };
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) return tooLarge;
  return isNestedTooDeep(url.searchParams.get("input") ?? "") ? tooDeep : null;
}

/**
 * Reads a call's body, for tRPC to find in `body`. One that does not declare its length is answered once it is over the cap; what still comes is thrown away,
 * so that the sender hears the answer instead of a broken connection, but not for ever.
 */
export async function takeBody(request: IncomingMessage): Promise<Refusal | null> {
  if (request.method !== "POST") return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const slow = setTimeout(() => request.destroy(), bodyMs);
  const whole = await new Promise<boolean>((resolve) => {
    request.once("end", () => resolve(true));
    // Whoever hung up hears no answer.
    request.once("error", () => resolve(false));
    request.once("close", () => resolve(false));
    request.on("data", (chunk: Buffer) => {
      const before = bytes;
      bytes += chunk.length;
      if (bytes > maxThrownAwayBytes) request.destroy();
      if (bytes <= maxBodyBytes) chunks.push(chunk);
      if (bytes <= maxBodyBytes || before > maxBodyBytes) return;
      const late = setTimeout(() => request.destroy(), lingerMs);
      request.once("close", () => clearTimeout(late));
      resolve(false);
    });
  });
  clearTimeout(slow);
  if (!whole) return tooLarge;
  const text = Buffer.concat(chunks).toString("utf8");
  if (isNestedTooDeep(text)) return tooDeep;
  Object.assign(request, { body: text });
  return null;
}

export const sendRefusal = (response: ServerResponse, refusal: Refusal): void =>
  sendJson(response, refusal.status, bodyOf(refusal));

const bodyOf = ({ status, code, message }: Refusal) => ({
  error: { code, message, data: { fault: code, httpStatus: status } },
});

/** What is not even a request: said in words to whoever still listens, and their connection is closed. */
export function refuseRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const refusal: Refusal =
    error.code === "HPE_HEADER_OVERFLOW"
      ? {
          status: 431,
          code: "too_large",
          message: `The address or the headers are longer than 16 KiB: make fewer calls at a time (${maxBatch} are the most), and send long inputs as a body.`,
        }
      : {
          status: faultCodes.bad_input.http,
          code: "bad_input",
          message: "This is no HTTP request.",
        };
  const body = JSON.stringify(bodyOf(refusal));
  socket.end(
    `HTTP/1.1 ${refusal.status} Refused\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
