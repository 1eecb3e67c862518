import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { copyPrepared } from "@cloudphone/hub/platform/postgres/testing";
import { databaseFolder } from "@cloudphone/testing/folder";
import { Api, eventually } from "./api.ts";
import { type Program, startProgram } from "./program.ts";

interface Account {
  readonly email: string;
  readonly password: string;
}

export type Part = "hub" | "agent";

/**
 * A whole platform as separate processes, hub and agent, on free ports and a folder of its own. A part that is killed is started again, as an
 * init system would.
 */
export class Cell implements AsyncDisposable {
  readonly dir: string;
  readonly #programs = new Map<Part, Program>();
  readonly #restarts = new Map<Part, number>();
  #stopping = false;
  #ports = { http: 0, mqtt: 0 };
  readonly customer = new Api(() => this.url);
  readonly admin = new Api(() => this.url);

  private constructor(dir: string) {
    this.dir = dir;
  }

  /**
   * With `crash`, that part kills itself at its named point, once. The files lie in memory where that has room: processes are killed here, not
   * machines. `onDisk` is for benchmarks, whose figures hold each fsync.
   */
  static async start(
    crash: { part: Part; at: string } | null = null,
    options: { onDisk?: boolean; agentEnv?: Record<string, string> } = {},
  ): Promise<Cell> {
    const cell = new Cell(
      options.onDisk
        ? await mkdtemp(path.join(tmpdir(), "cloudphone-cell-"))
        : await databaseFolder("cloudphone-cell-"),
    );
    try {
      await copyPrepared(path.join(cell.dir, "postgres"));
      await cell.#startHub({});
      await cell.signIn();
      const { token } = await cell.admin.mutate<{ token: string }>("hosts.createEnrollment", {});
      const enrolment = startProgram([
        "enroll",
        token,
        "--hub",
        cell.url,
        "--data",
        cell.#agentDir,
      ]);
      if ((await enrolment.ended) !== "0")
        throw new Error(`the host was not enrolled: ${enrolment.output()}`);
      await cell.#launch("agent", {
        ...options.agentEnv,
        ...(crash?.part === "agent" ? { CLOUDPHONE_CRASH_AT: crash.at } : {}),
      });
      if (crash?.part === "hub") await cell.crash("hub", crash.at);
      return cell;
    } catch (error) {
      await cell[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports.http}`;
  }

  get #agentDir(): string {
    return path.join(this.dir, "agent");
  }

  restarts(part: Part): number {
    return this.#restarts.get(part) ?? 0;
  }

  pid(part: Part): number {
    return this.#program(part).pid;
  }

  output(part: Part): string {
    return this.#program(part).output();
  }

  kill(part: Part, signal: NodeJS.Signals = "SIGKILL"): void {
    this.#program(part).kill(signal);
  }

  /** Arms the next start of a part. */
  async crash(part: Part, at: string): Promise<void> {
    const before = this.restarts(part);
    this.#armed = { part, at };
    this.kill(part);
    await eventually(
      async () => (this.restarts(part) > before ? true : null),
      30_000,
      `the ${part}'s restart`,
    );
  }
  #armed: { part: Part; at: string } | null = null;

  async signIn(): Promise<void> {
    const file = path.join(this.dir, "hub", "first-accounts.json");
    const accounts = JSON.parse(await readFile(file, "utf8")) as { admin: Account; demo: Account };
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
      60_000,
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
      60_000,
      "the order's end",
    );
    return { orderId, state };
  }

  /** What the two programs and the log tell, for whoever has to find out why a test failed. */
  async account(): Promise<string> {
    const hosts = await this.admin.query<unknown>("hosts.list").catch(String);
    const events = await this.admin
      .query<{ type: string; recordedAt: string }[]>("events.list", { limit: 60 })
      .catch(() => []);
    return [
      `hosts: ${JSON.stringify(hosts)}`,
      `events: ${events.map((event) => `${event.recordedAt.slice(14)} ${event.type}`).join(", ")}`,
      `hub (${this.restarts("hub")} restarts): ${this.output("hub").slice(-3000)}`,
      `agent (${this.restarts("agent")} restarts): ${this.output("agent").slice(-3000)}`,
    ].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    for (const part of ["agent", "hub"] as const) {
      const program = this.#programs.get(part);
      program?.kill("SIGTERM");
      const late = setTimeout(() => program?.kill("SIGKILL"), 15_000);
      await program?.ended;
      clearTimeout(late);
    }
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  #program(part: Part): Program {
    const program = this.#programs.get(part);
    if (!program) throw new Error(`the ${part} was never started`);
    return program;
  }

  async #startHub(env: Record<string, string>): Promise<void> {
    await this.#launch("hub", env);
    const ready = await this.#program("hub").ready;
    this.#ports = { http: Number(ready.httpPort), mqtt: Number(ready.mqttPort) };
  }

  async #launch(part: Part, env: Record<string, string>): Promise<void> {
    const args =
      part === "hub"
        ? [
            "hub",
            "--data",
            this.dir,
            "--demo",
            "--port",
            String(this.#ports.http),
            "--mqtt-port",
            String(this.#ports.mqtt),
          ]
        : ["agent", "--data", this.#agentDir];
    const program = startProgram([...args, "--log-level", "warn"], env);
    this.#programs.set(part, program);
    void program.ended.then(async () => {
      if (this.#stopping) return;
      const armed = this.#armed?.part === part ? this.#armed.at : null;
      this.#armed = null;
      await this.#launch(part, armed ? { CLOUDPHONE_CRASH_AT: armed } : {});
      this.#restarts.set(part, this.restarts(part) + 1);
    });
    await Promise.resolve();
  }
}
