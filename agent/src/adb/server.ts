import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Fault } from "@cloudphone/shared/fault";
import { Adb as Adbkit, type Client } from "@devicefarmer/adbkit";
import type { AdbServer } from "./adb.ts";
import { type Limits, within } from "./deadline.ts";
import { ServerStarter } from "./starter.ts";
import { toPhoneFault } from "./words.ts";

/** The length of a request is four hexadecimal digits (AOSP packages/modules/adb/OVERVIEW.TXT). */
const maxRequestBytes = 0xffff;

/** Conversations with one adb server. Every one has a deadline, after which its socket is gone. */
export interface ServerDoor {
  /** A `host:` request that is answered with one value, which it resolves with. */
  ask(request: string, limits: Limits): Promise<string>;
  /** A request that is answered with OKAY alone. */
  tell(request: string, limits: Limits): Promise<void>;
  /** A request whose answers go on, until the stream is destroyed. */
  follow(request: string, limits: Limits): Promise<Duplex>;
  /** A stream to a device's service, after `host:transport`. */
  open(serial: string, service: string, limits: Limits): Promise<Duplex>;
  /** Whoever still calls starts no server any more. */
  close(): Promise<void>;
}

/** The server did not lead to the phone: it ended, or has lost it. Nothing was begun on the phone, so the call can be made once more. */
export class PhoneLost extends Fault {
  constructor({ code, message, cause }: Fault) {
    super(code, message, { cause });
  }
}

type Connection = Awaited<ReturnType<Client["connection"]>>;

/** Starts the server when nothing listens, unless its `bin` is null. */
export function openDoor(server: AdbServer): ServerDoor {
  const starter = new ServerStarter(server);
  const dial = dialer(server, starter);
  const converse = <T>(limits: Limits, talk: (connection: Connection) => Promise<T>): Promise<T> =>
    underLimits(dial, limits, talk);
  return {
    ask: (request, limits) =>
      converse(limits, async (connection) => {
        await send(connection, request);
        const value = await connection.parser.readValue();
        connection.socket.destroy();
        return value.toString("utf8");
      }),
    tell: (request, limits) =>
      converse(limits, async (connection) => {
        await send(connection, request);
        connection.socket.destroy();
      }),
    follow: (request, limits) =>
      converse(limits, async (connection) => {
        await send(connection, request);
        return connection.parser.raw();
      }),
    open: (serial, service, limits) =>
      converse(limits, async (connection) => {
        await send(connection, `host:transport:${serial}`).catch((error: unknown) => {
          throw new PhoneLost(toPhoneFault(error));
        });
        await send(connection, service);
        return connection.parser.raw();
      }),
    close: () => starter.close(),
  };
}

function dialer(server: AdbServer, starter: ServerStarter): () => Promise<Connection> {
  const { host, port } = server;
  // adbkit would start an adb server by itself for each call that finds none: it is given no such file, and the starter does it once.
  const client = Adbkit.createClient({ host, port, bin: "/nonexistent/adb" });
  client.on("error", () => undefined);
  return async () => {
    try {
      return await client.connection();
    } catch (error) {
      if (!isMissing(error)) throw error;
      await starter.start();
      return client.connection();
    }
  };
}

/** One conversation: given up at its deadline, and then its socket is gone, also one that is only just being opened. */
async function underLimits<T>(
  dial: () => Promise<Connection>,
  limits: Limits,
  talk: (connection: Connection) => Promise<T>,
): Promise<T> {
  let socket: Socket | null = null;
  let givenUp: Fault | null = null;
  const work = async (): Promise<T> => {
    const connection = await dial();
    socket = connection.socket;
    connection.socket.on("error", () => undefined);
    if (givenUp) connection.socket.destroy();
    return talk(connection);
  };
  try {
    return await within(work(), limits, (why) => {
      givenUp = why;
      socket?.destroy(why);
    });
  } catch (error) {
    (socket as Socket | null)?.destroy();
    throw toPhoneFault(error);
  }
}

/** Nothing listened, and adbkit did not find the file it was not given. */
const isMissing = (error: unknown): boolean => {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ECONNREFUSED";
};

/** Resolves when the server says OKAY. */
async function send(connection: Connection, request: string): Promise<void> {
  const bytes = Buffer.from(request);
  if (bytes.length > maxRequestBytes)
    throw new Fault("bad_input", "That is too long for one command to a phone (64 KiB).");
  const length = bytes.length.toString(16).toUpperCase().padStart(4, "0");
  connection.write(Buffer.concat([Buffer.from(length), bytes]));
  const { parser } = connection;
  const reply = await parser.readAscii(4);
  if (reply === "FAIL") await parser.readError();
  else if (reply !== "OKAY") await parser.unexpected(reply, "OKAY or FAIL");
}
