import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import path from "node:path";
import { Duplex } from "node:stream";
import { Fault } from "@cloudphone/shared/fault";
import type { DockerConfig } from "./config.ts";

/** How the Docker client reaches its daemon: every field, since one left out is taken from DOCKER_* of the environment. */
export interface Connection {
  readonly socketPath: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly protocol: "http" | "https";
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly pathPrefix: string;
  readonly agent?: Agent;
}

const nothing: Connection = {
  socketPath: undefined,
  host: undefined,
  port: undefined,
  protocol: "http",
  ca: undefined,
  cert: undefined,
  key: undefined,
  pathPrefix: "/",
};

/** `bad_input` when the certificates can't be read. Nothing is connected yet. */
export function connectionOf({ host, tlsDir }: Pick<DockerConfig, "host" | "tlsDir">): Connection {
  const url = new URL(host);
  if (url.protocol === "unix:") return { ...nothing, socketPath: decodeURIComponent(url.pathname) };
  if (url.protocol === "ssh:") return { ...nothing, host: "docker", agent: sshAgent(host) };
  return {
    ...nothing,
    host: url.hostname,
    port: Number(url.port),
    ...(tlsDir === null ? {} : { protocol: "https" as const, ...readCertificates(tlsDir) }),
  };
}

/** Whether what this process sees of the machine (ports, /dev) is what the daemon sees. */
export const isLocal = (host: string): boolean => host.startsWith("unix:");

function readCertificates(dir: string): Pick<Connection, "ca" | "cert" | "key"> {
  const read = (file: string): Buffer => {
    try {
      return readFileSync(path.join(dir, file));
    } catch (cause) {
      throw new Fault(
        "bad_input",
        `${path.join(dir, file)} can't be read; CLOUDPHONE_DOCKER_TLS_DIR must hold ca.pem, cert.pem and key.pem.`,
        { cause },
      );
    }
  };
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

/**
 * Each connection is one `ssh … docker system dial-stdio`, as Docker's own client does it: keys, known hosts and jump hosts are OpenSSH's, and an
 * unknown host is refused. (docker-modem's own ssh checks no host key.)
 */
function sshAgent(host: string): Agent {
  const agent = new Agent({ keepAlive: false });
  agent.createConnection = () => {
    const child = spawn(
      "ssh",
      ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", host, "docker", "system", "dial-stdio"],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    const stream = new Duplex({
      read: () => void child.stdout.resume(),
      // Neither a write nor the end fails here: what is wrong is told at the close, by what ssh said.
      write: (chunk, _encoding, done) => void child.stdin.write(chunk, () => done()),
      final: (done) => void child.stdin.end(() => done()),
      destroy: (error, done) => {
        child.kill();
        done(error);
      },
    });
    child.stdout.on("data", (chunk: Buffer) => {
      if (!stream.push(chunk)) child.stdout.pause();
    });
    // The end of its input is told better by its last words.
    child.stdin.on("error", () => undefined);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-500);
    });
    child.once("error", (cause) => stream.destroy(cause));
    child.once("close", (code) => {
      if (code === 0) stream.push(null);
      else stream.destroy(new Error(`ssh: ${said.trim() || `it ended with exit code ${code}`}`));
    });
    // What http asks of a socket and a pair of pipes lacks.
    return Object.assign(stream, {
      setTimeout: () => stream,
      setKeepAlive: () => stream,
      setNoDelay: () => stream,
      ref: () => stream,
      unref: () => stream,
    });
  };
  return agent;
}
