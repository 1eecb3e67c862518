import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Handle } from "../provider.ts";
import { dockerConfigSchema } from "./config.ts";
import { DockerProvider } from "./provider.ts";
import type { ContainerSnapshots } from "./snapshots.ts";
import { CutWire } from "./testing/cut-wire.ts";
import { dockerMissing, images, TestDockerd } from "./testing/dockerd.ts";
import { containerSpec } from "./testing/test-host.ts";

const missing = dockerMissing();
const run = promisify(execFile);
const options = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(30_000) });

const world = async (diskMiB?: number) => {
  const docker = await TestDockerd.start(diskMiB === undefined ? {} : { diskMiB });
  const open = (host = docker.host): DockerProvider => {
    const config = dockerConfigSchema.parse({
      ...{ host, images: [images.repository], subnet: docker.subnet, ...docker.ports },
    });
    return new DockerProvider({ config, owner: "snapshots", logger: pino({ level: "silent" }) });
  };
  return { docker, open };
};

const snapshotsOf = ({ snapshots }: DockerProvider): ContainerSnapshots => {
  if (!snapshots) throw new Error("the provider has no snapshots");
  return snapshots;
};

describe.skipIf(missing !== null)(
  `snapshots of phones in containers${missing ? `: ${missing}` : ""}`,
  () => {
    let docker: TestDockerd;
    let open: (host?: string) => DockerProvider;
    let provider: DockerProvider;
    beforeAll(async () => {
      ({ docker, open } = await world());
      provider = open();
    });
    afterAll(async () => {
      await provider?.close();
      await docker?.[Symbol.asyncDispose]();
    });

    const make = (deviceId: string = randomUUID()): Promise<Handle> =>
      provider.create({ deviceId, name: "phone", spec: containerSpec }, options());
    const nameOf = (handle: Handle): string => `cloudphone-${String(handle.deviceId)}`;
    const within = (handle: Handle, script: string): Promise<string> =>
      docker.docker("exec", nameOf(handle), "sh", "-c", script);
    /** What the script prints in the phone while it runs; it is off again then. */
    const whileOn = async (handle: Handle, script: string): Promise<string> => {
      await provider.start(handle, options());
      const said = await within(handle, script);
      await docker.docker("kill", nameOf(handle));
      await docker.docker("wait", nameOf(handle));
      return said;
    };
    const write = (handle: Handle, text: string): Promise<string> =>
      whileOn(handle, `echo ${text} > /data/text`);
    const read = (handle: Handle): Promise<string> =>
      whileOn(handle, "cat /data/text || echo nothing");
    const names = async (...what: string[]): Promise<string[]> =>
      (await docker.docker(...what)).split("\n").filter((name) => name !== "");
    const volumes = (): Promise<string[]> => names("volume", "ls", "-q");
    const containers = (): Promise<string[]> => names("ps", "-a", "--format", "{{.Names}}");

    const instants: [string, RegExp][] = [
      ["before anything was copied", /POST \/containers\/create/],
      ["as the copy began", /POST \/containers\/[\w-]+-copier\/start/],
      ["while it waited for the copy's end", /POST \/containers\/[\w-]+-copier\/wait/],
      ["with the copy done, before it counted as whole", /GET \/containers\/[\w-]+-copier\/logs/],
    ];

    it.each(instants)(
      "an agent killed %s has made no snapshot, and what it left is cleared away",
      async (_when, request) => {
        const handle = await make();
        await write(handle, "kept");
        const before = await volumes();
        const snapshotId = randomUUID();
        await using wire = await CutWire.open(path.join(docker.dir, "sock"));
        const dying = open(wire.host);
        wire.cutAt(request);
        const made = snapshotsOf(dying).create(handle, snapshotId, options());
        await expect(made).rejects.toMatchObject({ code: "unavailable" });
        await wire.done;
        await dying.close();
        expect(await volumes()).not.toEqual(before);

        const next = snapshotsOf(provider);
        expect(await next.list(options())).toEqual([]);
        await expect(next.restore(handle, snapshotId, options())).rejects.toMatchObject({
          code: "not_found",
        });
        await next.clear(options().signal);
        expect(await volumes()).toEqual(before);
        await next.create(handle, snapshotId, options());
        expect(await next.list(options())).toEqual([snapshotId]);
        await next.delete(snapshotId, options());
        await provider.destroy(handle, options());
        expect([await volumes(), await containers()]).toEqual([[], []]);
      },
    );

    it.each([instants[1], instants[3]].filter((one) => one !== undefined))(
      "an agent killed %s has restored nothing: the phone has what it had, and the next attempt ends well",
      async (_when, request) => {
        const handle = await make();
        await write(handle, "old");
        const snapshotId = randomUUID();
        await snapshotsOf(provider).create(handle, snapshotId, options());
        await write(handle, "new");
        await using wire = await CutWire.open(path.join(docker.dir, "sock"));
        const dying = open(wire.host);
        wire.cutAt(request);
        const restored = snapshotsOf(dying).restore(handle, snapshotId, options());
        await expect(restored).rejects.toMatchObject({ code: "unavailable" });
        await wire.done;
        await dying.close();
        expect(await read(handle)).toBe("new");
        // Also a host that has lost its store and the container takes the whole volume.
        await docker.docker("rm", "-f", ...(await containers()));
        const found = await make(String(handle.deviceId));
        expect(await read(found)).toBe("new");

        const fresh = await snapshotsOf(provider).restore(found, snapshotId, options());
        expect(await read(fresh)).toBe("old");
        expect(await volumes()).toHaveLength(4);
        await provider.destroy(fresh, options());
        await snapshotsOf(provider).delete(snapshotId, options());
        expect([await volumes(), await containers()]).toEqual([[], []]);
      },
    );

    it("restores again over a restored phone, and keeps what the handle says when the container is lost", async () => {
      let handle = await make();
      const snapshots = snapshotsOf(provider);
      const [first, second] = [randomUUID(), randomUUID()];
      await write(handle, "first");
      await snapshots.create(handle, first, options());
      await write(handle, "second");
      await snapshots.create(handle, second, options());
      handle = await snapshots.restore(handle, first, options());
      handle = await snapshots.restore(handle, second, options());
      handle = await snapshots.restore(handle, first, options());
      await docker.docker("rm", "-f", nameOf(handle));
      handle = await make(String(handle.deviceId));
      expect(await read(handle)).toBe("first");
      handle = await provider.wipe(handle, options());
      expect(await read(handle)).not.toBe("first");
      expect(await snapshots.list(options())).toHaveLength(2);
      await provider.destroy(handle, options());
      expect((await snapshots.list(options())).toSorted()).toEqual([first, second].toSorted());
      expect(await provider.list(options())).toEqual([]);
      for (const snapshotId of [first, second]) await snapshots.delete(snapshotId, options());
      expect([await volumes(), await containers()]).toEqual([[], []]);
    });

    it("keeps owners, modes, links and times as they are", async () => {
      const handle = await make();
      const lay =
        "cd /data/app && echo x > a && ln -s a b && chown 10001:10002 a && chmod 4751 a && touch -d '2020-02-02 02:02:02' a && mkfifo c && mkdir -m 711 d && chown 1000 d";
      const look = "cd /data/app && stat -c '%n %u %g %a %F' * && stat -c %Y a && readlink b";
      const before = await whileOn(handle, `${lay} && ${look}`);
      expect(before).toContain("a 10001 10002 4751");
      const snapshotId = randomUUID();
      await snapshotsOf(provider).create(handle, snapshotId, options());
      const wiped = await provider.wipe(handle, options());
      const restored = await snapshotsOf(provider).restore(wiped, snapshotId, options());
      expect(await whileOn(restored, look)).toBe(before);
      await provider.destroy(restored, options());
      await snapshotsOf(provider).delete(snapshotId, options());
    });

    it("leaves a phone over a shared base alone, and does not promise to copy one", async () => {
      const config = dockerConfigSchema.parse({ host: docker.host, dataBase: "phones-base" });
      const logger = pino({ level: "silent" });
      const over = new DockerProvider({ config, owner: "snapshots", logger });
      expect(over.snapshots).toBeUndefined();
      expect((await over.fingerprint()).labels).not.toHaveProperty("snapshots");
      await over.close();
    });
  },
);

describe.skipIf(missing !== null)("a host whose Docker has no room for a snapshot", () => {
  it("says so, and leaves no part of it", async () => {
    const { docker, open } = await world(120);
    await using _docker = docker;
    const provider = open();
    const device = { deviceId: randomUUID(), name: "phone", spec: containerSpec };
    const handle = await provider.create(device, options());
    const [volume] = (await docker.docker("volume", "ls", "-q")).split("\n");
    const data = path.join(docker.dir, "data/volumes", volume ?? "", "_data/filler");
    await run("dd", ["if=/dev/zero", `of=${data}`, "bs=1M", "count=60"]);
    const made = snapshotsOf(provider).create(handle, randomUUID(), options());
    await expect(made).rejects.toMatchObject({
      code: "disk_full",
      message: expect.stringMatching(/no room for the copy/),
    });
    expect(await docker.docker("volume", "ls", "-q")).toBe(volume);
    await provider.destroy(handle, options());
    await provider.close();
  });
});
