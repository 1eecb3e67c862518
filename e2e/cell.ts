import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { CrashPoint } from "@cloudphone/shared/crash-points";
import { copyPrepared } from "@cloudphone/hub/platform/postgres/testing";
import { databaseFolder } from "@cloudphone/testing/folder";
import { Api, eventually } from "./api.ts";
import { type Engines, startEngines } from "./engines.ts";
import { Link } from "./link.ts";
import { type Program, startProgram } from "./program.ts";

export interface Account {
  readonly email: string;
  readonly password: string;
}

export type Part = "hub" | "hub2" | "agent";
/** Those of a cell of two, `engines` between them. */
export type HubPart = Exclude<Part, "agent">;

export interface CellOptions {
  /** Each of these parts kills itself at its named point, once; the hub not before the host is enrolled. */
  readonly crash?: Partial<Record<Part, CrashPoint>>;
  readonly env?: Partial<Record<Part, Readonly<Record<string, string>>>>;
  /** False: the test is the host itself (host-by-hand.ts). */
  readonly agent?: boolean;
  /** The agent has a line to its hub that can be cut. */
  readonly cuttable?: boolean;
  /** For benchmarks, whose figures hold each fsync. Else the files lie in memory where that has room: processes are killed here, not machines. */
  readonly onDisk?: boolean;
  /** On Debian's PostgreSQL and Mosquitto, as several hubs share them, instead of what a hub brings itself. */
  readonly engines?: boolean;
  /** With `engines`: two hubs, and whoever calls reaches one that is up. */
  readonly twoHubs?: boolean;
  /** A command that runs the agent (program.ts). */
  readonly agentUnder?: (agentDir: string) => readonly string[];
}

/** An end of a part, seen on the machine's monotonic clock. */
export interface Death {
  readonly part: Part;
  readonly seenMs: number;
}

export const monoMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * A whole platform as separate processes, hub and agent, on free ports and a folder of its own. A part that is killed is started again, as an
 * init system would.
 */
export class Cell implements AsyncDisposable {
  readonly dir: string;
  readonly #programs = new Map<Part, Program>();
  readonly #restarts = new Map<Part, number>();
  readonly #options: CellOptions;
  #links: { readonly http: Link; readonly mqtt: Link } | null = null;
  readonly deaths: Death[] = [];
  #engines: Engines | null = null;
  #stopping = false;
  #mqttPort = 0;
  readonly #httpPorts: Record<HubPart, number> = { hub: 0, hub2: 0 };
  readonly #up = new Set<HubPart>();
  #calls = 0;
  readonly #resting = new Map<Part, Promise<void>>();
  readonly customer = new Api(() => this.url);
  readonly admin = new Api(() => this.url);

  private constructor(dir: string, options: CellOptions) {
    this.dir = dir;
    this.#options = options;
  }

  static async start(options: CellOptions = {}): Promise<Cell> {
    const { crash } = options;
    const dir = options.onDisk
      ? await mkdtemp(path.join(tmpdir(), "cloudphone-cell-"))
      : await databaseFolder("cloudphone-cell-");
    const cell = new Cell(dir, options);
    try {
      if (options.engines) cell.#engines = await startEngines(dir);
      else await copyPrepared(path.join(dir, "postgres"));
      await cell.#startHub("hub");
      if (options.twoHubs) await cell.#startHub("hub2");
      await cell.signIn();
      if (crash?.agent) await cell.arm("agent", crash.agent);
      if (options.agent !== false) await cell.#addHost();
      if (crash?.hub) await cell.arm("hub", crash.hub);
      return cell;
    } catch (error) {
      await cell[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** False: the test is the host, and obeys only what it is about. */
  get hasAgent(): boolean {
    return this.#options.agent !== false;
  }

  get mqttPort(): number {
    return this.#mqttPort;
  }

  /** Of a hub that is up; of two, another at each call, as a balancer does. */
  get url(): string {
    return `http://127.0.0.1:${this.#httpPort()}`;
  }

  get engines(): Engines | null {
    return this.#engines;
  }

  /** Kills a part, and leaves it dead until the returned function is called. */
  killForGood(part: Part): () => void {
    const rest = Promise.withResolvers<void>();
    this.#resting.set(part, rest.promise);
    this.kill(part);
    return () => {
      this.#resting.delete(part);
      rest.resolve();
    };
  }

  get agentDir(): string {
    return path.join(this.dir, "agent");
  }

  /** What the phones wrote down of when they were on. */
  get powerLog(): string {
    return path.join(this.dir, "power.log");
  }

  cutLink(): void {
    this.#links?.http.cut();
    this.#links?.mqtt.cut();
  }

  healLink(): void {
    this.#links?.http.heal();
    this.#links?.mqtt.heal();
  }

  /** Ends the database server at once, as `pg_ctl stop -m immediate` does. */
  async killPostgres(): Promise<void> {
    const file = path.join(this.dir, "postgres/data/postmaster.pid");
    const [pid] = (await readFile(file, "utf8").catch(() => "")).split("\n");
    if (pid) process.kill(Number(pid), "SIGQUIT");
  }

  restarts(part: Part): number {
    return this.#restarts.get(part) ?? 0;
  }

  pid(part: Part): number {
    return this.#program(part).pid;
  }

  /** What it has printed; nothing when it was never started. */
  output(part: Part): string {
    return this.#programs.get(part)?.output() ?? "";
  }

  kill(part: Part, signal: NodeJS.Signals = "SIGKILL"): void {
    this.#program(part).kill(signal);
  }

  /** Has a part kill itself the next time it passes a point, whenever that is. */
  async arm(part: Part, at: CrashPoint): Promise<void> {
    const file = this.#crashFile(part);
    await writeFile(`${file}.new`, at);
    await rename(`${file}.new`, file);
  }

  /** A part that was armed has passed its point, and is started again. */
  async crashed(part: Part, restartsBefore: number): Promise<void> {
    await eventually(
      async () =>
        !existsSync(this.#crashFile(part)) && this.restarts(part) > restartsBefore ? true : null,
      30_000,
      `a pass of the ${part}'s crash point`,
    );
  }

  #crashFile(part: Part): string {
    return path.join(this.dir, `${part}.crash`);
  }

  /** Kills a part, and has its next start another environment. */
  async replace(part: Part, env: Readonly<Record<string, string>>): Promise<void> {
    this.#next = { part, env };
    await this.killed(part);
  }

  /** Kills a part; resolves once its next start is under way. */
  async killed(part: Part): Promise<void> {
    const before = this.restarts(part);
    this.kill(part);
    await eventually(
      async () => (this.restarts(part) > before ? true : null),
      30_000,
      `the ${part}'s restart`,
    );
  }
  #next: { part: Part; env: Readonly<Record<string, string>> } | null = null;

  /** The first accounts, as the hub wrote them down. */
  async accounts(): Promise<{ readonly admin: Account; readonly demo: Account }> {
    const file = path.join(this.dir, "hub", "first-accounts.json");
    return JSON.parse(await readFile(file, "utf8")) as { admin: Account; demo: Account };
  }

  async signIn(): Promise<void> {
    const accounts = await this.accounts();
    await eventually(async () => {
      await this.admin.login(accounts.admin);
      await this.customer.login(accounts.demo);
      return true;
    });
  }

  /** Resolves once the host is connected and has told what it can do. */
  async hostReady(): Promise<void> {
    await eventually(
      async () => {
        const hosts =
          await this.admin.query<{ state: string; providers: unknown[] }[]>("hosts.list");
        return hosts.some((host) => host.state === "connected" && host.providers.length > 0)
          ? true
          : null;
      },
      120_000,
      "the host's connection",
    );
  }

  /** Buys a plan with one key, asking again until the hub has answered; returns once the order has come to one of its ends. */
  async buy(planName: string): Promise<{ orderId: string; state: string }> {
    const plans = await eventually(() =>
      this.customer.query<{ id: string; name: string }[]>("plans.list"),
    );
    const planId = plans.find((plan) => plan.name === planName)?.id;
    const idempotencyKey = randomUUID();
    const { orderId } = await eventually(() =>
      this.customer.mutate<{ orderId: string }>("orders.create", { planId, idempotencyKey }),
    );
    const state = await eventually(
      async () => {
        const order = await this.customer.query<{ state: string }>("orders.show", { orderId });
        return order.state === "pending" ? null : order.state;
      },
      120_000,
      "the order's end",
    );
    return { orderId, state };
  }

  /** What the two programs and the log tell, for whoever has to find out why a test failed. */
  async account(): Promise<string> {
    const hosts = await this.admin.query<unknown>("hosts.list").catch(String);
    const devices = await this.admin.query<unknown>("devices.list").catch(String);
    const events = await this.admin
      .query<{ type: string; recordedAt: string; subject: string; data: { state?: string } }[]>(
        "events.list",
        { limit: 80 },
      )
      .catch(() => []);
    const told = events.map(
      ({ type, recordedAt, subject, data }) =>
        `${recordedAt.slice(14)} ${type} ${data.state ?? ""} of ${subject.slice(-6)}`,
    );
    return [
      `hosts: ${JSON.stringify(hosts)}`,
      `devices: ${JSON.stringify(devices)}`,
      `events: ${told.join("\n")}`,
      ...(this.#options.twoHubs
        ? [`hub2 (${this.restarts("hub2")} restarts): ${this.output("hub2").slice(-3000)}`]
        : []),
      `hub (${this.restarts("hub")} restarts): ${this.output("hub").slice(-3000)}`,
      `agent (${this.restarts("agent")} restarts): ${this.output("agent").slice(-3000)}`,
    ].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    for (const part of ["agent", "hub2", "hub"] as const) {
      const program = this.#programs.get(part);
      program?.kill("SIGTERM");
      const late = setTimeout(() => program?.kill("SIGKILL"), 15_000);
      await program?.ended;
      clearTimeout(late);
    }
    await this.#links?.http[Symbol.asyncDispose]();
    await this.#links?.mqtt[Symbol.asyncDispose]();
    await this.#engines?.[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  #program(part: Part): Program {
    const program = this.#programs.get(part);
    if (!program) throw new Error(`the ${part} was never started`);
    return program;
  }

  /** Puts a line between agent and hub by telling the agent that its hub is at the near ends. */
  async #layLinks(): Promise<void> {
    const http = await Link.open(() => this.#httpPort());
    const mqtt = await Link.open(() => this.#mqttPort);
    this.#links = { http, mqtt };
    const file = path.join(this.agentDir, "credentials.json");
    const known = JSON.parse(await readFile(file, "utf8")) as { mqtt: object };
    const hubUrl = `http://127.0.0.1:${http.port}`;
    await writeFile(
      file,
      JSON.stringify({ ...known, hubUrl, mqtt: { ...known.mqtt, port: mqtt.port } }),
    );
  }

  async #addHost(): Promise<void> {
    const { token } = await this.admin.mutate<{ token: string }>("hosts.createEnrollment", {});
    await this.addHost(token);
  }

  /** Enrols the cell's host with a token and starts its agent: by itself, unless the cell was started without one. */
  async addHost(token: string, name?: string): Promise<void> {
    const { cuttable } = this.#options;
    const called = name === undefined ? [] : ["--name", name];
    const args = ["--hub", this.url, "--data", this.agentDir, ...called];
    const enrolment = startProgram(["enroll", token, ...args]);
    if ((await enrolment.ended) !== "0")
      throw new Error(`the host was not enrolled: ${enrolment.output()}`);
    if (cuttable || this.#options.twoHubs) await this.#layLinks();
    await this.#launch("agent", {});
  }

  async #startHub(part: HubPart): Promise<void> {
    await this.#launch(part, {});
    const ready = await this.#program(part).ready;
    this.#httpPorts[part] = Number(ready.httpPort);
    this.#mqttPort = Number(ready.mqttPort);
  }

  #httpPort(): number {
    const up = this.#up.size > 0 ? [...this.#up] : (["hub"] as const);
    return this.#httpPorts[up[this.#calls++ % up.length] ?? "hub"];
  }

  #hubArguments(part: HubPart): string[] {
    const dir = part === "hub" ? this.dir : path.join(this.dir, part);
    const ports = ["--port", String(this.#httpPorts[part]), "--mqtt-port", String(this.#mqttPort)];
    return ["hub", "--data", dir, "--demo", ...ports];
  }

  async #launch(part: Part, env: Readonly<Record<string, string>>): Promise<void> {
    const isAgent = part === "agent";
    const args = isAgent ? ["agent", "--data", this.agentDir] : this.#hubArguments(part);
    const { agentUnder } = this.#options;
    const program = startProgram([...args, "--log-level", "warn"], {
      env: {
        CLOUDPHONE_SIMULATED_POWER_LOG: this.powerLog,
        CLOUDPHONE_CRASH_FILE: this.#crashFile(part),
        // Tests ask many times a second whether something has happened, as one customer.
        CLOUDPHONE_RATE_LIMITS: "off",
        // Whether this machine has a Docker of its own says nothing about a test.
        CLOUDPHONE_DOCKER_HOST: "off",
        ...(isAgent ? {} : this.#engines?.env),
        ...(this.#options.twoHubs ? { CLOUDPHONE_SHARED: path.join(this.dir, "hub") } : {}),
        ...this.#options.env?.[part],
        ...env,
      },
      under: isAgent && agentUnder ? agentUnder(this.agentDir) : [],
    });
    this.#programs.set(part, program);
    if (!isAgent) void program.ready.then(() => this.#up.add(part)).catch(() => undefined);
    void program.ended.then(async () => {
      this.deaths.push({ part, seenMs: monoMs() });
      if (!isAgent) this.#up.delete(part);
      await this.#resting.get(part);
      if (this.#stopping) return;
      const next = this.#next?.part === part ? this.#next.env : {};
      this.#next = null;
      await this.#launch(part, next);
      this.#restarts.set(part, this.restarts(part) + 1);
    });
    await Promise.resolve();
  }
}
