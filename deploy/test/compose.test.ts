import { execFile, execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const deploy = path.resolve(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(path.join(deploy, file), "utf8");

const secrets = {
  POSTGRES_PASSWORD: "p0",
  TURN_SECRET: "s0",
  GRAFANA_PASSWORD: "g0",
  METRICS_TOKEN: "m0",
  TURN_EXTERNAL_IP: "192.0.2.1",
};

const composeMissing = ((): boolean => {
  try {
    execFileSync("which", ["docker-compose"], { stdio: "ignore" });
    return false;
  } catch {
    if (process.env.CI === "true") throw new Error("deploy tests must run: no docker-compose here");
    return true;
  }
})();

const config = (env: Record<string, string>) =>
  run("docker-compose", ["-f", path.join(deploy, "compose.yaml"), "config"], {
    env: { PATH: process.env.PATH ?? "", ...env },
  }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { stderr: string }) => ({ code: 1, text: error.stderr }),
  );

test.skipIf(composeMissing)("the compose file is one that compose understands", async () => {
  const { code, text } = await config(secrets);
  expect(code, text).toBe(0);
  for (const name of ["hub", "postgres", "coturn", "prometheus", "grafana", "mosquitto"])
    expect(text).toMatch(new RegExp(`^  ${name}:$`, "m"));
});

test.skipIf(composeMissing)("no secret has a default: one that is not set is named", async () => {
  for (const name of Object.keys(secrets)) {
    const { code, text } = await config({ ...secrets, [name]: "" });
    expect(code, name).toBe(1);
    expect(text).toContain("set it in .env");
  }
});

test("every file that the compose file mounts is there, and every setting of it is in the example", () => {
  const compose = read("compose.yaml");
  const mounted = [...compose.matchAll(/- \.\/([^:]+):/g)].map((match) => match[1] ?? "");
  expect(mounted.length).toBeGreaterThan(3);
  for (const file of mounted) expect(existsSync(path.join(deploy, file)), file).toBe(true);
  const settings = new Set([...compose.matchAll(/\$\{([A-Z_]+)/g)].map((match) => match[1]));
  const example = read("compose.env.example");
  for (const name of settings) expect(example).toMatch(new RegExp(`^${name}=`, "m"));
});

test("the dashboard asks only sources that are provisioned, for jobs that Prometheus scrapes", () => {
  interface Panel {
    readonly datasource: { uid: string };
    readonly targets: readonly { expr: string }[];
  }
  const { panels } = JSON.parse(read("grafana/dashboards/cell.json")) as { panels: Panel[] };
  const [, uid] = /uid: (\S+)/.exec(read("grafana/provisioning/datasources/prometheus.yaml")) ?? [];
  expect(panels.length).toBeGreaterThan(3);
  for (const panel of panels) {
    expect(panel.datasource.uid).toBe(uid);
    expect(panel.targets.length).toBeGreaterThan(0);
  }
  const services = [...read("compose.yaml").matchAll(/^ {2}(\w+):$/gm)].map((match) => match[1]);
  const targets = [...read("prometheus/prometheus.yml").matchAll(/targets: \["([^:"]+):/g)];
  for (const [, host] of targets) expect([...services, "localhost"]).toContain(host);
});
