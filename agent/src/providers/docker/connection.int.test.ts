import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerConfigSchema } from "./config.ts";
import { DockerProvider } from "./provider.ts";
import { dockerMissing, TestDockerd } from "./testing/dockerd.ts";

const run = promisify(execFile);
const missing = dockerMissing();

const providerAt = (host: string, tlsDir: string | null = null): DockerProvider =>
  new DockerProvider({
    config: dockerConfigSchema.parse({ host, tlsDir }),
    owner: "connection",
    logger: pino({ level: "silent" }),
  });

describe.skipIf(missing !== null)(`the ways to Docker${missing ? `: ${missing}` : ""}`, () => {
  let docker: TestDockerd;
  let dir: string;
  beforeAll(async () => {
    docker = await TestDockerd.start();
    dir = await mkdtemp(path.join(tmpdir(), "docker-connection-"));
  });
  afterAll(async () => {
    await docker?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });
  const socket = (): string => path.join(docker.dir, "sock");

  it("leads over TLS to a daemon that its certificate proves, and to no other", async () => {
    const file = (name: string): string => path.join(dir, name);
    const openssl = (...args: string[]): Promise<unknown> => run("openssl", args, { cwd: dir });
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    for (const name of ["", "other-"])
      await openssl(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        `${name}key.pem`,
        "-out",
        `${name}cert.pem`,
        ...subject,
      );
    await run("cp", [file("cert.pem"), file("ca.pem")]);
    // What a daemon with --tlsverify does, before one that has only a socket.
    const gate = (name: string) =>
      createTlsServer(
        {
          key: readFileSync(file(`${name}key.pem`)),
          cert: readFileSync(file(`${name}cert.pem`)),
          ca: readFileSync(file("cert.pem")),
          requestCert: true,
          rejectUnauthorized: true,
        },
        (client) => {
          client.on("error", () => undefined);
          client.pipe(connect(socket()).on("error", () => client.destroy())).pipe(client);
        },
      ).listen(0, "127.0.0.1");
    for (const [name, available] of [
      ["", true],
      ["other-", false],
    ] as const) {
      const server = gate(name);
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      const report = await providerAt(`tcp://127.0.0.1:${port}`, dir).fingerprint();
      expect(report.available).toBe(available);
      server.close();
    }
  });

  it("goes over ssh as Docker's own client does, and says what ssh complains of", async () => {
    const bin = path.join(dir, "bin");
    await run("mkdir", [bin]);
    const fake = `#!/bin/sh
case "$*" in
  *" ssh://root@rack2 docker system dial-stdio") exec docker -H unix://${socket()} system dial-stdio ;;
esac
echo "Host key verification failed." >&2
exit 255
`;
    await writeFile(path.join(bin, "ssh"), fake);
    await chmod(path.join(bin, "ssh"), 0o755);
    const before = process.env.PATH;
    process.env.PATH = `${bin}:${before}`;
    try {
      const there = await providerAt("ssh://root@rack2").fingerprint();
      expect(there).toMatchObject({ available: true, reason: null });
      const stranger = await providerAt("ssh://root@stranger").fingerprint();
      expect(stranger).toMatchObject({ available: false });
      expect(stranger.reason).toMatch(/Host key verification failed/);
    } finally {
      process.env.PATH = before;
    }
  });
});

describe("a machine without Docker", () => {
  it("says so, and where it looked", async () => {
    const report = await providerAt("unix:///nowhere/docker.sock").fingerprint();
    expect(report).toMatchObject({ kind: "docker", available: false, capacity: 0 });
    expect(report.reason).toMatch(/does not answer at unix:\/\/\/nowhere\/docker.sock/);
  });

  it("is told from one whose Docker hangs", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    const report = await providerAt(`tcp://127.0.0.1:${port}`).fingerprint();
    expect(report.reason).toMatch(/did not answer within 5 s/);
    silent.close();
  });
});
