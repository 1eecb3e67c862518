import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import type { FromSender, FromViewers, Held, Signal, ToSender, ToViewers } from "./messages.ts";

/** An agent's sending side and its viewers, a process each, which are introduced to each other. */
export class Processes {
  readonly sender: Child<FromSender | Signal, ToSender | Signal>;
  readonly viewers: Child<FromViewers | Signal, ToViewers | Signal>;
  /** Where phones send their video to. */
  readonly phonePort: number;
  /** What is sent here is thrown away. */
  readonly discardPort: number;

  private constructor(
    sides: Pick<Processes, "sender" | "viewers">,
    ports: Pick<Processes, "phonePort" | "discardPort">,
  ) {
    this.sender = sides.sender;
    this.viewers = sides.viewers;
    this.phonePort = ports.phonePort;
    this.discardPort = ports.discardPort;
  }

  static async start(): Promise<Processes> {
    const sender: Processes["sender"] = new Child("sender", ["--expose-gc"]);
    const viewers: Processes["viewers"] = new Child("viewers", []);
    const [{ port: phonePort }, { discardPort }] = await Promise.all([
      sender.heard("listening"),
      viewers.heard("ready"),
    ]);
    sender.on((message) => isSignal(message) && viewers.say(message));
    viewers.on((message) => isSignal(message) && sender.say(message));
    return new Processes({ sender, viewers }, { phonePort, discardPort });
  }

  async connect(viewer: number): Promise<void> {
    const connected = this.sender.heard("connected", (message) => message.viewer === viewer);
    this.viewers.say({ type: "add", viewer });
    await connected;
  }

  close(viewer: number): void {
    for (const side of [this.sender, this.viewers]) side.say({ type: "close", viewer });
  }

  /** What the sender has in use. */
  async held(): Promise<Held> {
    const memory = this.sender.heard("memory");
    this.sender.say({ type: "memory" });
    return memory;
  }

  [Symbol.dispose](): void {
    for (const side of [this.sender, this.viewers]) side[Symbol.dispose]();
  }
}

const isSignal = (message: { type: string }): message is Signal =>
  ["offer", "answer", "candidate"].includes(message.type);

/** A process of the benchmark, and what it says. */
class Child<From extends { type: string }, To extends object> {
  readonly #process: ChildProcess;

  constructor(name: string, execArgv: readonly string[]) {
    const profiled = (process.env.PROFILE ?? "") === name ? ["--cpu-prof"] : [];
    const options = { execArgv: [...execArgv, ...profiled] };
    this.#process = fork(path.join(import.meta.dirname, `${name}.ts`), [], options);
  }

  say(message: To): void {
    this.#process.send(message);
  }

  on(listener: (message: From) => void): void {
    this.#process.on("message", listener);
  }

  heard<T extends From["type"]>(
    type: T,
    accepts: (message: Extract<From, { type: T }>) => boolean = () => true,
  ): Promise<Extract<From, { type: T }>> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`waited 20 s for ${type}`)), 20_000);
      const listen = (message: From): void => {
        if (message.type !== type) return;
        const wanted = message as Extract<From, { type: T }>;
        if (!accepts(wanted)) return;
        clearTimeout(late);
        this.#process.off("message", listen);
        resolve(wanted);
      };
      this.#process.on("message", listen);
    });
  }

  /** It ends by itself when nobody listens any more. */
  [Symbol.dispose](): void {
    this.#process.disconnect();
  }
}
