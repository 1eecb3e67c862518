import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { access, constants, readdir, readFile, statfs } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { connect } from "node:net";
import { availableParallelism, release, userInfo } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import {
  type Access,
  answerMs,
  type Exchange,
  type HttpAnswer,
  type HttpQuestion,
  type Ran,
  type Reply,
  type Space,
  type System,
} from "./system.ts";

const maxAnswerBytes = 1024 * 1024;

/** The machine we run on. */
export const thisMachine = (): System => ({
  self: {
    uid: process.getuid?.() ?? -1,
    user: userName(),
    arch: process.arch,
    release: release(),
    cpus: availableParallelism(),
  },
  now: () => Date.now(),
  readText,
  names: (folder) => readdir(folder).catch(() => null),
  access: pathAccess,
  space,
  run,
  http: request,
  exchange,
});

/** An account without an entry in the user database has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "?");
  }
}

async function readText(file: string): Promise<string | null> {
  try {
    const bytes = await readFile(file, { signal: AbortSignal.timeout(answerMs) });
    return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch {
    return null;
  }
}

async function pathAccess(file: string): Promise<Access> {
  const may = (mode: number): Promise<string> =>
    access(file, mode).then(
      () => "yes",
      (error: NodeJS.ErrnoException) => error.code ?? "EIO",
    );
  if ((await may(constants.R_OK | constants.W_OK)) === "yes") return "write";
  const read = await may(constants.R_OK);
  if (read === "yes") return "read";
  return read === "ENOENT" || read === "ENOTDIR" ? "none" : "denied";
}

async function space(folder: string): Promise<Space | null> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const found = await statfs(at).catch(() => null);
    if (found)
      return {
        totalBytes: found.blocks * found.bsize,
        freeBytes: found.bavail * found.bsize,
        totalInodes: found.files,
        freeInodes: found.ffree,
      };
    if (at === path.dirname(at)) return null;
  }
}

function run([program = "", ...args]: readonly string[]): Promise<Ran | null> {
  // Programs of administrators are not on a plain user's PATH.
  const env = { ...process.env, LC_ALL: "C", PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { env, timeout: answerMs, killSignal: "SIGKILL", maxBuffer: maxAnswerBytes },
      (error, stdout, stderr) => {
        if (error?.code === "ENOENT") resolve(null);
        else resolve({ exitCode: exitCodeOf(error), stdout, stderr });
      },
    );
  });
}

const exitCodeOf = (error: { code?: unknown } | null): number | null =>
  error === null ? 0 : typeof error.code === "number" ? error.code : null;

function request({ url, socketPath, headers }: HttpQuestion): Promise<HttpAnswer> {
  return new Promise((resolve) => {
    const client = url.startsWith("https:") ? https : http;
    const options = {
      agent: false as const,
      signal: AbortSignal.timeout(answerMs),
      headers: headers ?? {},
      ...(socketPath === undefined ? {} : { socketPath }),
    };
    const asked = client.get(url, options, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        if (body.length < maxAnswerBytes) body += text;
      });
      response.on("error", (error) => resolve({ error: reasonOf(error) }));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, date: response.headers.date ?? null, body }),
      );
    });
    asked.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, date: response.headers.date ?? null, body: "" });
    });
    asked.on("error", (error) => resolve({ error: reasonOf(error) }));
  });
}

function exchange(question: Exchange): Promise<Reply> {
  return question.protocol === "udp" ? overUdp(question) : overTcp(question);
}

function overTcp({ host, port, sendHex }: Exchange): Promise<Reply> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal: AbortSignal.timeout(answerMs) });
    const end = (reply: Reply): void => {
      socket.destroy();
      resolve(reply);
    };
    socket.on("connect", () => socket.write(Buffer.from(sendHex, "hex")));
    socket.on("data", (bytes) => end({ replyHex: bytes.toString("hex") }));
    socket.on("end", () => end({ replyHex: "" }));
    socket.on("error", (error) => end({ error: reasonOf(error) }));
  });
}

function overUdp({ host, port, sendHex }: Exchange): Promise<Reply> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4" });
    const timer = setTimeout(() => end({ error: "ETIMEDOUT" }), answerMs);
    const end = (reply: Reply): void => {
      clearTimeout(timer);
      socket.close();
      resolve(reply);
    };
    socket.once("message", (bytes) => end({ replyHex: bytes.toString("hex") }));
    socket.once("error", (error) => end({ error: reasonOf(error) }));
    // Connected, so that a closed port is told (ICMP) instead of waited for.
    socket.connect(port, host, () => socket.send(Buffer.from(sendHex, "hex")));
  });
}

/** ENOENT, ECONNREFUSED, ETIMEDOUT … */
const reasonOf = (error: Error & { code?: unknown }): string =>
  error.name === "AbortError" ? "ETIMEDOUT" : String(error.code ?? error.message);
