import { createServer, type Socket } from "node:net";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { ByteReader } from "../../../byte-reader.ts";
import { runServerFile } from "../../simulated/commands/app-process.ts";
import { SimPhone } from "../../simulated/phone.ts";
import { serve, type ServiceIo } from "../../simulated/service.ts";
import type { Screen } from "../../simulated/ui/scene.ts";

export type ScreenKind = Screen["kind"];

/** Where the container's `app_process` asks: scrcpy's own port, which nothing else in the container uses. */
const port = 27_183;
const maxLineBytes = 4096;

/** A simulated phone whose programs listen on real abstract sockets, and which says on the standard output what it shows. */
class StandInPhone extends SimPhone {
  override listen(
    name: string,
    connections: number,
    onConnection: (io: ServiceIo, index: number) => Promise<void>,
  ): Disposable {
    let taken = 0;
    const server = createServer((socket) => {
      const index = taken++;
      if (taken === connections) server.close();
      join(socket, (io) => onConnection(io, index), this.power ?? AbortSignal.abort());
    });
    server.listen(`\0${name}`);
    return { [Symbol.dispose]: () => server.close() };
  }

  override show(screen: Screen): void {
    super.show(screen);
    console.log(screen.kind);
  }
}

/** Ends the service with its socket. */
function join(socket: Socket, handler: (io: ServiceIo) => Promise<void>, power: AbortSignal): void {
  const service = serve(handler, power);
  socket.on("error", () => undefined);
  socket.once("close", () => service.destroy());
  socket.pipe(service).pipe(socket);
}

const phone = new StandInPhone({ ...samplePhone, properties: { "sim.bootDelayMs": "0" } });
phone.powerOn();

/** One line of arguments, answered with what the server says while it runs; it ends when the one who asked goes. */
async function runFor(io: ServiceIo): Promise<void> {
  const line = await lineFrom(new ByteReader(io.input));
  const out = (bytes: string | Buffer): Promise<void> => io.write(bytes);
  await runServerFile(line.split(" "), { phone, signal: io.signal, out, jar: "" });
}

async function lineFrom(reader: ByteReader): Promise<string> {
  let line = "";
  for (let some = await reader.some(); some; some = await reader.some()) {
    line += some.toString("utf8");
    if (line.includes("\n") || line.length > maxLineBytes) break;
  }
  return line.split("\n")[0] ?? "";
}

createServer((socket) => join(socket, runFor, phone.power ?? AbortSignal.abort())).listen(
  port,
  "127.0.0.1",
  () => phone.show({ kind: "home" }),
);
