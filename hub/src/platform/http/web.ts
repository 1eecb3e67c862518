import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { startPage } from "./page.ts";

/** Where the build left the place for each answer's nonce: web/vite.config.ts. */
const noncePlace = "{{nonce}}";
/** One file of the build: its name has nothing that could lead out of the folder. */
const fileName = /^\/((?:assets\/)?[\w-][\w.-]*\.(\w+))$/;
const types: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};
const encodings = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

/**
 * The web page, as `bin/build-web` left it in `dir`: its files, and for every other address the page itself, which reads it. Without a build, a plain page that
 * says where things are. False: nothing of this is asked for.
 */
export async function serveWeb(
  dir: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  const { pathname } = URL.parse(request.url ?? "/", "http://hub") ?? { pathname: "/" };
  const [, name, extension = ""] = fileName.exec(pathname) ?? [];
  if (dir !== undefined && name !== undefined)
    return sendFile({ file: path.join(dir, name), extension, request, response });
  const html = dir === undefined ? null : await readIndex(dir);
  if (html === null) {
    if (pathname !== "/") return false;
    startPage(response);
    return true;
  }
  // Programs that ask for what is not there get a program's answer.
  if (pathname !== "/" && !/text\/html/.test(request.headers.accept ?? "")) return false;
  const nonce = randomBytes(16).toString("base64");
  response.setHeader("content-security-policy", policy(nonce));
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : html.replaceAll(noncePlace, nonce));
  return true;
}

const readIndex = (dir: string): Promise<string | null> =>
  readFile(path.join(dir, "index.html"), "utf8").catch(() => null);

/** Code only from this hub. Ant Design writes its styles while the page runs: they carry the nonce. */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

interface FileAnswer {
  readonly file: string;
  readonly extension: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function sendFile({ file, extension, request, response }: FileAnswer): Promise<boolean> {
  const accepted = request.headers["accept-encoding"] ?? "";
  const [encoding, suffix] = encodings.find(([name]) => accepted.includes(name)) ?? [null, ""];
  const packed = encoding && (await stat(file + suffix).catch(() => null));
  const found = packed || (await stat(file).catch(() => null));
  const type = types[extension];
  if (!found?.isFile() || type === undefined) return false;
  response.writeHead(200, {
    "content-type": type,
    "content-length": found.size,
    vary: "accept-encoding",
    ...(packed ? { "content-encoding": encoding } : {}),
    // A file under assets has its content's hash in its name.
    "cache-control": file.includes(`${path.sep}assets${path.sep}`)
      ? "public, max-age=31536000, immutable"
      : "public, max-age=3600",
  });
  if (request.method === "HEAD") response.end();
  else await pipeline(createReadStream(packed ? file + suffix : file), response);
  return true;
}
