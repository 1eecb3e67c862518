import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Fault } from "@cloudphone/shared/fault";
import { Adb as Adbkit, type Client } from "@devicefarmer/adbkit";
import type { AdbServer } from "./adb.ts";
import { type Limits, within } from "./deadline.ts";
import { toPhoneFault } from "./words.ts";

/** The length of a request is four hexadecimal digits (AOSP packages/modules/adb/OVERVIEW.TXT). */
const maxRequestBytes = 0xffff;

/** Conversations with one adb server. Every one has a deadline, after which its socket is gone. */
export interface ServerDoor {
  /** A `host:` request that is answered with one value, which it resolves with; an empty one for a request that has none. */
  ask(request: string, limits: Limits): Promise<string>;
  /** A stream to a device's service, after `host:transport`. */
  open(serial: string, service: string, limits: Limits): Promise<Duplex>;
}

type Connection = Awaited<ReturnType<Client["connection"]>>;

export function openDoor(server: AdbServer): ServerDoor {
  // adbkit starts an adb server of its own when nothing listens: where that is not wanted, there is no such file.
  const bin = server.bin ?? "/nonexistent/adb";
  const client = Adbkit.createClient({ host: server.host, port: server.port, bin });
  client.on("error", () => undefined);

  const converse = async <T>(
    limits: Limits,
    talk: (connection: Connection) => Promise<T>,
  ): Promise<T> => {
    let socket: Socket | null = null;
    let givenUp: Fault | null = null;
    const work = async (): Promise<T> => {
      const connection = await client.connection();
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
  };

  return {
    ask: (request, limits) =>
      converse(limits, async (connection) => {
        await send(connection, request);
        const value = await connection.parser.readValue();
        connection.end();
        return value.toString("utf8");
      }),
    open: (serial, service, limits) =>
      converse(limits, async (connection) => {
        await send(connection, `host:transport:${serial}`);
        await send(connection, service);
        return connection.parser.raw();
      }),
  };
}

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
