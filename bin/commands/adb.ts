import { execFile } from "node:child_process";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { Fault, toFault } from "@cloudphone/shared/fault";
import { relayEnds } from "@cloudphone/shared/relay";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { joinBoth, listenLocally, parseForward } from "../forwarding.ts";
import { bridge, endFault, openLine, withPhone } from "../tunnel.ts";

const run = promisify(execFile);
const lookAgainMs = 5000;
const reconnectMs = 2000;
const adbMs = 15_000;

/** A phone's adb at a port of this machine: for adb itself, Android Studio, Appium and whatever else speaks it. */
export const adbCommands = (program: Command): void => {
  program
    .command("adb")
    .description("a local port that `adb connect` uses as if the phone were on the desk")
    .argument("<device>")
    .option("--port <port>", "on 127.0.0.1; 0 takes a free one", "0")
    .option("--connect", "run `adb connect` too, and again when the line broke")
    .action((device: string, flags: { port: string; connect?: boolean }, command: Command) =>
      new AdbDoor(command, device).serve(portOf(flags.port), flags.connect ?? false),
    );
  program
    .command("forward")
    .description("local ports that lead to ports or sockets in a phone")
    .argument("<device>")
    .argument("<local:remote...>", "8080:9090, or 9222:localabstract:NAME; local 0 is a free port")
    .action((device: string, pairs: string[], _flags: unknown, command: Command) =>
      withHub(command, (hub) => {
        const wanted = pairs.map(parseForward);
        return withPhone(hub, device, async (phone) => {
          for (const { localPort, service } of wanted) {
            const { port } = await listenLocally(localPort, (socket) => {
              phone.open(service).then(
                (stream) => joinBoth(socket, stream),
                (error: unknown) => {
                  say(toFault(error).message);
                  socket.destroy();
                },
              );
            });
            process.stdout.write(`127.0.0.1:${port} leads to ${service} of ${device}\n`);
          }
          process.once("SIGINT", () => process.exit(0));
          process.once("SIGTERM", () => process.exit(0));
          throw await phone.ended;
        });
      }),
    );
};

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new Fault("bad_input", `${text} is no port; 0 takes a free one.`);
  return port;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/**
 * Every connection to the local port gets a session of its own. One that breaks is opened anew when adb connects again, for as long as the lease lives; what can't
 * be mended by dialling again ends the command.
 */
class AdbDoor {
  readonly #command: Command;
  readonly #device: string;
  readonly #over = Promise.withResolvers<Fault | null>();
  #lines = 0;

  constructor(command: Command, device: string) {
    this.#command = command;
    this.#device = device;
  }

  async serve(wantedPort: number, connect: boolean): Promise<void> {
    await this.#look();
    const server = await listenLocally(wantedPort, (socket) => void this.#answer(socket));
    const address = `127.0.0.1:${server.port}`;
    process.stdout.write(`${this.#device} is at ${address}:  adb connect ${address}\n`);
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => this.#over.resolve(null));
    const looking = setInterval(() => {
      if (this.#lines === 0) this.#look().catch((error: unknown) => this.#judge(error));
    }, lookAgainMs);
    const connecting = new AbortController();
    const connected = connect ? this.#keepConnected(address, connecting.signal) : null;
    const fault = await this.#over.promise;
    clearInterval(looking);
    connecting.abort();
    server.stop();
    await connected;
    if (connect) await run("adb", ["disconnect", address], { timeout: adbMs }).catch(() => null);
    if (fault) throw fault;
  }

  /** The phone must still be ours. */
  async #look(): Promise<void> {
    await withHub(this.#command, ({ client }) =>
      client.devices.show.query({ device: this.#device }),
    );
  }

  async #answer(socket: Socket): Promise<void> {
    this.#lines++;
    try {
      const line = await withHub(this.#command, (hub) => openLine(hub, this.#device));
      say("connected");
      await bridge(socket, line.stream);
      const reason = await line.ended;
      if (reason === "closed") return;
      say(endFault(reason).message);
      if (reason !== null && !relayEnds[reason].again) this.#over.resolve(endFault(reason));
    } catch (error) {
      this.#judge(error);
    } finally {
      this.#lines--;
      socket.destroy();
    }
  }

  /** Some refusals pass by themselves: the phone is starting, the hub is away. The others will be the same next time. */
  #judge(error: unknown): void {
    const fault = asFault(error);
    if (passing.has(fault.code)) say(fault.message);
    else if (fault.code === "not_found")
      this.#over.resolve(new Fault("stale_lease", relayEnds.lease_over.text));
    else this.#over.resolve(fault);
  }

  async #keepConnected(address: string, signal: AbortSignal): Promise<void> {
    const adb = (...args: string[]): Promise<unknown> =>
      run("adb", args, { timeout: adbMs, signal });
    while (!signal.aborted) {
      if (this.#lines === 0) {
        try {
          // For a device that went offline `adb connect` says "already connected", and means nothing by it.
          await adb("disconnect", address).catch(() => undefined);
          await adb("connect", address);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === "ENOENT")
            this.#over.resolve(
              new Fault("not_found", "There is no adb on this machine; leave out --connect."),
            );
        }
      }
      await new Promise((resolve) => setTimeout(resolve, reconnectMs));
    }
  }
}

const passing = new Set([
  "unavailable",
  "timed_out",
  "device_not_running",
  "conflict",
  "interrupted",
]);

/** The hub's refusals come as its client's errors, with the code in their data. */
function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const data = (error as { data?: { fault?: string } | null } | null)?.data;
  const message = error instanceof Error ? error.message : String(error);
  if (data?.fault === "not_found") return new Fault("not_found", message);
  if (data?.fault === "device_not_running") return new Fault("device_not_running", message);
  if (data?.fault === "conflict") return new Fault("conflict", message);
  if (data?.fault === "unauthenticated") return new Fault("unauthenticated", message);
  return new Fault("unavailable", message);
}
