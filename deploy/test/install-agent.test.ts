import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { samplePhone } from "../../shared/src/events/sample-phone.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containerName } from "../../agent/src/providers/docker/create-options.ts";
import { images, TestDockerd } from "../../agent/src/providers/docker/testing/dockerd.ts";
import { eventually } from "../../e2e/api.ts";
import { Box, boxMissing } from "./box.ts";
import { freePort, startTestHub, type TestHub } from "./platform.ts";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "../..");
const missing = boxMissing();

interface Happened {
  readonly type: string;
  readonly subject: string;
  readonly data: { durationMs?: number };
}

/** A fresh machine, a hub, and a Docker daemon that outlives every agent. One for all tests here: each goes on where the one before left it. */
describe.skipIf(missing !== null)(
  `a machine becomes a host${missing ? `: ${missing}` : ""}`,
  () => {
    let box: Box;
    let hub: TestHub;
    let docker: TestDockerd;
    let software: string;
    let deviceId: string;
    let building: Promise<void>;
    let runsSince = 0;
    const socketFolder = "/run/docker-of-the-test";

    beforeAll(async () => {
      software = await mkdtemp(path.join(tmpdir(), "cloudphone-software-"));
      docker = await TestDockerd.start();
      // The account in the box has another number for the group docker.
      await chmod(docker.dir, 0o711);
      await chmod(path.join(docker.dir, "sock"), 0o666);
      hub = await startTestHub();
      box = await Box.make();
      // Read while it is still; built beside all that follows, since most of that is waiting for packages.
      const debian = path.join(software, "debian.tar");
      await run("tar", ["-C", box.root, "-cf", debian, "."]);
      building = buildImages(docker, debian);
      building.catch(() => undefined);
      await box.boot({ [docker.dir]: socketFolder, [software]: "/srv/software" });
      // Settings that an operator put there beforehand: this box has no Docker of its own, and shares its ports with this machine.
      const settings = [
        `CLOUDPHONE_DOCKER_HOST=unix://${socketFolder}/sock`,
        `CLOUDPHONE_DOCKER_IMAGES=${images.repository}`,
        `CLOUDPHONE_DOCKER_ADB_PORT=${await freePort()}`,
        "CLOUDPHONE_SIMULATED_CAPACITY=0",
      ];
      await mkdir(path.join(box.root, "etc/cloudphone"));
      await writeFile(path.join(box.root, "etc/cloudphone/agent.env"), `${settings.join("\n")}\n`);
      const installer = await fetch(`${hub.url}/install/agent.sh`);
      await writeFile(path.join(box.root, "root/agent.sh"), await installer.text());
    });

    afterAll(async () => {
      await box?.[Symbol.asyncDispose]();
      await hub?.[Symbol.asyncDispose]();
      await docker?.[Symbol.asyncDispose]();
      await rm(software, { recursive: true, force: true });
    });

    const install = (flags: string) => box.ask(`sh /root/agent.sh ${flags}`);
    const mainPid = () => box.ask("systemctl show -p MainPID --value cloudphone-agent");
    const startedAt = () =>
      docker.docker("inspect", "-f", "{{.State.StartedAt}}", containerName(deviceId));
    const happened = async (type: string) =>
      (await hub.api.query<Happened[]>("events.list", { limit: 500 })).filter(
        (event) => event.type === type && event.subject === deviceId,
      );

    test("the hub's one-liner installs, enrols and starts the agent", async () => {
      const said = await install(
        `--hub ${hub.url} --token ${await hub.token()} --name rack2 --for usb`,
      );
      expect(said).toMatch(/Enrolled as host/);
      expect(said).toContain("the agent runs");
      const host = await hub.host(
        "rack2",
        ({ state, health }) => state === "connected" && health !== null,
      );
      expect(host.providers).toMatchObject([{ kind: "docker", available: true }]);
      expect(await box.ask("systemctl is-enabled cloudphone-agent")).toBe("enabled");
    });

    test("the agent has no more rights than it needs", async () => {
      const pid = await mainPid();
      const status = await box.ask(`cat /proc/${pid}/status`);
      expect(status).toMatch(/^CapEff:\t0+$/m);
      expect(status).toMatch(/^CapBnd:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
      expect(await box.ask(`ps -o user= -p ${pid} || stat -c %U /proc/${pid}`)).toBe("cloudphone");
      expect(await box.ask("stat -c '%a %U' /var/lib/cloudphone")).toBe("700 cloudphone");
      expect(
        (await box.type("runuser -u cloudphone -- touch /opt/cloudphone/current/bin/env")).code,
      ).not.toBe(0);
      for (const unit of ["cloudphone-agent", "cloudphone-hub"]) {
        const file =
          unit === "cloudphone-agent"
            ? `/etc/systemd/system/${unit}.service`
            : `/opt/cloudphone/current/deploy/systemd/${unit}.service`;
        expect(await box.ask(`systemd-analyze verify --man=no ${file}`)).toBe("");
        // 0 is locked up, 100 is bare; those of Debian's own services are mostly beyond 90.
        await box.ask(`systemd-analyze security --offline=yes --threshold=30 ${file}`);
      }
    });

    test("run again, the installer changes nothing and asks for no second host", async () => {
      const before = await mainPid();
      const said = await install(`--hub ${hub.url} --token used-already --name rack2 --for usb`);
      expect(said).toContain("enrolled already");
      expect(said).toContain("with the same software and settings");
      expect(await mainPid()).toBe(before);
      expect(await hub.api.query<unknown[]>("hosts.list")).toHaveLength(1);
      const other = await box.type(
        "sh /root/agent.sh --hub http://other:30000 --token used-already --for usb",
      );
      expect(other).toMatchObject({
        code: 1,
        output: expect.stringContaining("host of another hub") as string,
      });
    });

    test("what is missing or wrong on the command line is said in one line, and nothing is done", async () => {
      for (const [flags, words] of [
        ["--hub", "--hub needs a value"],
        ["--frobnicate", "--frobnicate is not known"],
        ["--upgrade --from /srv/software/none.tar.gz", "is neither a file nor a folder"],
        ["--hub http://h --token t --for toasters", "--for takes docker, usb"],
        ["--hub http://h --token t --for docker,toasters", "--for takes docker, usb"],
      ] as const) {
        const { code, output } = await box.type(`sh /root/agent.sh ${flags}`);
        expect(code).toBe(1);
        expect(output.trim()).toMatch(new RegExp(`^error: .*${words}`));
      }
    });

    test("an upgrade in place leaves the phone running, and not a second of it is lost", async () => {
      const spec = { ...samplePhone, provider: "docker", image: images.good, memoryMiB: 128 };
      ({ deviceId } = await hub.api.mutate<{ deviceId: string }>("devices.create", { spec }));
      await hub.api.mutate("devices.start", { device: deviceId });
      await eventually(
        async () => ((await happened("device.started")).length > 0 ? true : null),
        60_000,
        "the phone's start",
      );
      runsSince = performance.now();
      const running = await startedAt();
      await packAs("0.1.1-test", "newer.tar.gz");
      const before = await mainPid();
      const said = await install("--upgrade --from /srv/software/newer.tar.gz");
      expect(said).toMatch(/upgraded from 0\.1\.0-\w+ to 0\.1\.1-test-\w+/);
      expect(await mainPid()).not.toBe(before);
      await hub.host(
        "rack2",
        ({ state, agentVersion }) => state === "connected" && agentVersion === "0.1.1-test",
      );
      expect(await startedAt()).toBe(running);
      expect(await happened("device.stopped")).toEqual([]);
    });

    test("a release that does not stay up is taken back by itself", async () => {
      const running = await startedAt();
      await packAs("0.1.2-broken", "broken.tar.gz", (dir) =>
        writeFile(path.join(dir, "agent/src/agent.ts"), "throw new Error('broken');\n"),
      );
      const { code, output } = await box.type(
        "sh /root/agent.sh --upgrade --from /srv/software/broken.tar.gz",
      );
      expect(code, output).toBe(1);
      expect(output).toMatch(
        /release 0\.1\.2-broken-\w+ does not stay up; 0\.1\.1-test-\w+ is back/,
      );
      await hub.host(
        "rack2",
        ({ state, agentVersion }) => state === "connected" && agentVersion === "0.1.1-test",
      );
      expect(await startedAt()).toBe(running);
    });

    test("the phone's one run is as long as it ran, over both restarts of the agent", async () => {
      await hub.api.mutate("devices.stop", { device: deviceId });
      const [stopped] = await eventually(
        async () => {
          const events = await happened("device.stopped");
          return events.length > 0 ? events : null;
        },
        30_000,
        "the phone's stop",
      );
      const ranMs = performance.now() - runsSince;
      expect(await happened("device.started")).toHaveLength(1);
      expect(await happened("device.stopped")).toHaveLength(1);
      // Between them lie only the ways of two messages.
      expect(Math.abs((stopped?.data.durationMs ?? 0) - ranMs)).toBeLessThan(5000);
    });

    test("the hub's unit runs a hub with its own PostgreSQL, without rights", async () => {
      const [http, mqtt] = [await freePort(), await freePort()];
      await box.ask(
        "useradd --system --user-group --home-dir /var/lib/cloudphone-hub --shell /usr/sbin/nologin cloudphone-hub",
      );
      await box.ask(
        `printf 'CLOUDPHONE_PORT=${http}\nCLOUDPHONE_MQTT_PORT=${mqtt}\n' > /etc/cloudphone/hub.env`,
      );
      await box.ask(
        "cp /opt/cloudphone/current/deploy/systemd/cloudphone-hub.service /etc/systemd/system/ && systemctl daemon-reload",
      );
      await box.ask("systemctl start cloudphone-hub");
      const health = () =>
        fetch(`http://127.0.0.1:${http}/healthz`).then((answer) => answer.json());
      expect(await eventually(health, 60_000, "the hub's start")).toEqual({ ok: true });
      await box.ask("systemctl stop cloudphone-hub");
      expect(await box.ask("systemctl show -p Result --value cloudphone-hub")).toBe("success");
    });

    test("removed, it leaves what it must remember; purged, nothing", async () => {
      await install("--uninstall");
      expect(await box.ask("ls /var/lib/cloudphone/agent/credentials.json")).toContain(
        "credentials",
      );
      const left =
        "ls -d /opt/cloudphone /etc/systemd/system/cloudphone-agent.service /usr/local/bin/cloudphone";
      expect((await box.type(left)).output).not.toMatch(/^\//m);
      await install("--uninstall --purge");
      expect(
        (await box.type("ls -d /var/lib/cloudphone /etc/cloudphone/agent.env; id cloudphone"))
          .output,
      ).toMatch(/no such user/);
      expect((await box.type("ls -d /var/lib/cloudphone")).code).not.toBe(0);
    });

    test("the images of hub and agent build on a plain Debian, and run without rights", async () => {
      await building;
      const engine = engineOf(docker);
      const type = (words: string) => engine(...words.split(" "));
      const bare =
        "--network host --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges";
      const [http, mqtt] = [await freePort(), await freePort()];
      const ports = `-e CLOUDPHONE_PORT=${http} -e CLOUDPHONE_MQTT_PORT=${mqtt} -e CLOUDPHONE_HOST=127.0.0.1`;
      await type(`run -d --name hub ${bare} ${ports} -v hub:/var/lib/cloudphone cloudphone-hub`);
      const health = () =>
        fetch(`http://127.0.0.1:${http}/healthz`).then((answer) => answer.json());
      expect(await eventually(health, 60_000, "the hub's start")).toEqual({ ok: true });
      expect((await type("exec hub id -u")).stdout.trim()).toBe("980");
      const agent = `${bare} -v agent:/var/lib/cloudphone`;
      const token = await hub.token();
      await type(
        `run --rm ${agent} cloudphone-agent enroll ${token} --hub ${hub.url} --name boxed`,
      );
      const socket = `-v ${docker.dir}/sock:/var/run/docker.sock`;
      const settings = `-e CLOUDPHONE_SIMULATED_CAPACITY=0 -e CLOUDPHONE_DOCKER_ADB_PORT=${await freePort()}`;
      await type(`run -d --name agent ${agent} ${socket} ${settings} cloudphone-agent`);
      const host = await hub.host(
        "boxed",
        ({ state, health: found }) => state === "connected" && found !== null,
      );
      expect(host.providers).toMatchObject([{ kind: "docker", available: true }]);
      await type("rm -f hub agent");
    });

    /** This very checkout as another release, with what `change` does to it. */
    async function packAs(
      version: string,
      file: string,
      change?: (dir: string) => Promise<void>,
    ): Promise<void> {
      const dir = await mkdtemp(path.join(tmpdir(), "cloudphone-release-"));
      try {
        await run("sh", ["-c", `"${root}/bin/pack" - | tar -C "${dir}" -xz`]);
        for (const manifest of ["package.json", "agent/package.json"])
          await run("sed", [
            "-i",
            `s/"version": "[^"]*"/"version": "${version}"/`,
            path.join(dir, manifest),
          ]);
        await change?.(dir);
        await run(path.join(dir, "bin/pack"), [path.join(software, file)]);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    }
  },
);

const engineOf =
  (docker: TestDockerd) =>
  (...args: string[]) =>
    run("docker", ["-H", docker.host, ...args], { timeout: 280_000, maxBuffer: 64 * 1024 ** 2 });

/** Of a plain Debian as the base: no image registry is needed. */
async function buildImages(docker: TestDockerd, debian: string): Promise<void> {
  const engine = engineOf(docker);
  const trust = "ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt";
  await engine("import", "-c", trust, debian, "plain.test/debian");
  await rm(debian);
  const file = path.join(root, "deploy/Dockerfile");
  const given = ["--network", "host", "-f", file, "--build-arg", "BASE=plain.test/debian"];
  for (const target of ["hub", "agent"])
    await engine("build", ...given, "--target", target, "-t", `cloudphone-${target}`, root);
}
