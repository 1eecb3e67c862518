import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdbDevice } from "../../adb/adb.ts";
import { createAdb } from "../../adb/open.ts";
import type { Handle } from "../provider.ts";
import { type RealAdb, startRealAdb } from "../simulated/real-adb.ts";
import { dockerConfigSchema } from "./config.ts";
import { DockerProvider } from "./provider.ts";
import { dockerMissing, images, TestDockerd } from "./testing/dockerd.ts";
import { containerSpec } from "./testing/test-host.ts";

const run = promisify(execFile);
const missing = dockerMissing();
const call = { timeoutMs: 10_000 };
const options = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(30_000) });
const base = "phones-base";

describe.skipIf(missing !== null).each([
  ["a phone with the whole of /data to itself", null],
  ["a phone whose data lies over a shared base", base],
])(`%s${missing ? `: ${missing}` : ""}`, (_what, dataBase) => {
  let docker: TestDockerd;
  let server: RealAdb;
  let provider: DockerProvider;
  const adb = createAdb();

  beforeAll(async () => {
    docker = await TestDockerd.start();
    server = await startRealAdb();
    const config = dockerConfigSchema.parse({
      host: docker.host,
      images: [images.repository],
      subnet: docker.subnet,
      ...docker.ports,
      adbPort: server.port,
      dataBase,
    });
    const logger = pino({ level: "silent" });
    provider = new DockerProvider({ config, owner: "wipe", logger });
    if (dataBase === null) return;
    const lay = "mkdir -p /base/media/0 && echo shared > /base/media/0/from-base";
    const flags = ["--rm", "--entrypoint", "sh", "-v", `${dataBase}:/base`, "--privileged"];
    await docker.docker("run", ...flags, images.good, "-c", lay);
  });
  afterAll(async () => {
    await adb.close();
    await provider?.close();
    await server?.[Symbol.asyncDispose]();
    await docker?.[Symbol.asyncDispose]();
  });

  const boot = async (handle: Handle): Promise<AdbDevice> => {
    await provider.start(handle, options());
    const seen = await provider.observe(handle, options());
    if (seen.state !== "running") throw new Error(`the phone is ${seen.state}`);
    const device = await adb.open(seen.adb);
    await device.waitBooted({ timeoutMs: 20_000, signal: AbortSignal.timeout(20_000) });
    return device;
  };
  /** Every file of the daemon's whole disk that holds the text, or has it in its name. */
  const tracesOf = async (text: string): Promise<string> => {
    const look = `grep -rlaF --devices=skip -e ${text} ${path.join(docker.dir, "data")}; find ${path.join(docker.dir, "data")} -name '*${text}*'`;
    return (await run("sh", ["-c", `(${look}) 2>/dev/null || true`])).stdout;
  };

  it("is wiped without a trace on the machine's disk, and keeps what all share", async () => {
    const secret = randomUUID();
    const device = { deviceId: randomUUID(), name: "wiped", spec: containerSpec };
    const handle = await provider.create(device, options());
    const first = await boot(handle);
    for (const place of ["/sdcard", "/data/local/tmp", "/data/app", "/tmp", "/system/etc"])
      await first.shell(["sh", "-c", `echo ${secret} > ${place}/${secret}`], call);
    await first.shell(["settings", "put", "secure", "account", secret], call);
    await first.close();
    await provider.stop(handle, options());
    expect(await tracesOf(secret)).not.toBe("");
    const fresh = await provider.wipe(handle, options());
    expect(await tracesOf(secret)).toBe("");
    const second = await boot(fresh);
    expect((await second.shell(["ls", `/sdcard/${secret}`], call)).exitCode).not.toBe(0);
    const shared = await second.shell(["cat", "/sdcard/from-base"], call);
    expect(shared.exitCode === 0).toBe(dataBase !== null);
    await second.close();
    await provider.destroy(fresh, options());
  });
});
