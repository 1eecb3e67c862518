import { once } from "node:events";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { ByteReader } from "../../byte-reader.ts";
import { type LoopbackServer, startLoopback } from "./loopback-server.ts";
import type { SimPhone } from "./phone.ts";

/** What the front end sees of the phones: those that are switched on, by serial. */
export interface PhoneShelf {
  phones(): ReadonlyMap<string, SimPhone>;
  onChange(listener: () => void): Disposable;
}

const adbVersion = 41;
const maxRequestBytes = 1024 * 1024;
const features = "shell_v2,cmd";

/**
 * An adb *server* (the smart-socket protocol of AOSP packages/modules/adb/SERVICES.TXT) whose devices are simulated phones: any adb client
 * speaks to it, and no adb binary is needed.
 */
export const startAdbServer = (shelf: PhoneShelf, port = 0): Promise<LoopbackServer> =>
  startLoopback(port, (socket) => converse(shelf, socket));

const text = (body: string): string => Buffer.byteLength(body).toString(16).padStart(4, "0") + body;
const okay = (body?: string): string => (body === undefined ? "OKAY" : `OKAY${text(body)}`);
const fail = (reason: string): string => `FAIL${text(reason)}`;

/** One connection: requests until one of them takes it over. */
async function converse(shelf: PhoneShelf, socket: Socket): Promise<void> {
  const reader = new ByteReader(socket);
  let chosen: SimPhone | null = null;
  for (;;) {
    const length = await reader.exactly(4);
    if (!length) return;
    const bytes = Number.parseInt(length.toString("latin1"), 16);
    if (!(bytes > 0 && bytes <= maxRequestBytes)) {
      socket.end(fail("a request begins with its length in four hexadecimal digits"));
      return;
    }
    const request = (await reader.exactly(bytes))?.toString("utf8");
    if (request === undefined) return;
    if (request.startsWith("host")) {
      const outcome = await answerHost(shelf, request, socket);
      if (outcome === "taken") return;
      if (outcome) chosen = outcome;
      else {
        // One answer, then the server hangs up, as adb's own does.
        socket.end();
        return;
      }
    } else {
      await serveDevice(chosen, request, { socket, reader });
      return;
    }
  }
}

async function serveDevice(
  phone: SimPhone | null,
  service: string,
  { socket, reader }: { socket: Socket; reader: ByteReader },
): Promise<void> {
  const stream = phone?.open(service) ?? null;
  if (!stream) {
    socket.end(fail(phone ? "closed" : "no device selected"));
    return;
  }
  socket.write(okay());
  const up = (async () => {
    for (let chunk = await reader.some(); chunk; chunk = await reader.some())
      if (!stream.write(chunk)) await once(stream, "drain");
    stream.end();
  })().catch(() => undefined);
  socket.once("close", () => stream.destroy());
  await pipeline(stream, socket).catch(() => socket.destroy());
  await Promise.race([up, Promise.resolve()]);
}

const state = (phone: SimPhone): string => (phone.knobs.dropAdb ? "offline" : "device");

const listing = (shelf: PhoneShelf, long: boolean): string =>
  [...shelf.phones()]
    .map(([serial, phone], index) =>
      long
        ? `${serial.padEnd(22)} ${state(phone)} product:simphone model:SimPhone device:simphone transport_id:${index + 1}\n`
        : `${serial}\t${state(phone)}\n`,
    )
    .join("");

/** A phone when the request chose one, "taken" when it keeps the connection, null when it was answered. */
async function answerHost(
  shelf: PhoneShelf,
  request: string,
  socket: Socket,
): Promise<SimPhone | "taken" | null> {
  const [prefix = ""] =
    /^host(-serial:[^:]+(:\d+)?|-transport-id:\d+|-usb|-local)?:/.exec(request) ?? [];
  const verb = request.slice(prefix.length);
  const find = (wanted: string): SimPhone | null => {
    const phones = shelf.phones();
    const phone = wanted === "" ? [...phones.values()][0] : phones.get(wanted);
    if (!phone)
      socket.write(
        fail(wanted === "" ? "no devices/emulators found" : `device '${wanted}' not found`),
      );
    return phone ?? null;
  };
  if (prefix !== "host:") {
    const serial = /^host-serial:(.*):$/.exec(prefix)?.[1] ?? "";
    const phone = verb.startsWith("wait-for-")
      ? await waitFor(shelf, serial, socket)
      : find(serial);
    if (phone) socket.write(answerDevice(phone, serial, verb));
    return null;
  }
  if (verb.startsWith("transport") || verb.startsWith("tport:")) {
    const phone = find(/^(?:transport|tport:serial):(.*)$/.exec(verb)?.[1] ?? "");
    if (phone)
      socket.write(
        verb.startsWith("tport:") ? Buffer.concat([Buffer.from("OKAY"), Buffer.alloc(8)]) : okay(),
      );
    return phone;
  }
  if (verb === "track-devices" || verb === "track-devices-l") {
    track(shelf, socket, verb.endsWith("-l"));
    return "taken";
  }
  socket.write(answerServer(shelf, verb));
  return null;
}

function answerServer(shelf: PhoneShelf, verb: string): string {
  if (verb === "version") return okay(adbVersion.toString(16).padStart(4, "0"));
  if (verb === "devices") return okay(listing(shelf, false));
  if (verb === "devices-l") return okay(listing(shelf, true));
  if (verb === "features" || verb === "host-features") return okay(features);
  if (verb.startsWith("connect:")) {
    const target = verb.slice("connect:".length);
    return okay(
      shelf.phones().has(target)
        ? `already connected to ${target}`
        : `failed to connect to '${target}': Connection refused`,
    );
  }
  if (verb.startsWith("disconnect:")) return okay("disconnected everything");
  if (verb === "kill") return okay();
  return fail("unknown host service");
}

function answerDevice(phone: SimPhone, serial: string, verb: string): string {
  if (verb === "get-state") return okay(state(phone));
  if (verb === "get-serialno") return okay(serial);
  if (verb === "get-devpath") return okay("sim");
  if (verb === "features") return okay(features);
  if (verb.startsWith("wait-for-")) return okay() + okay();
  if (verb === "list-forward") return okay("");
  return fail("unknown host service");
}

/** The list, and again whenever it changes, until the client goes. */
function track(shelf: PhoneShelf, socket: Socket, long: boolean): void {
  let last: string | null = null;
  const send = (): void => {
    const now = listing(shelf, long);
    if (now === last) return;
    socket.write(last === null ? okay(now) : text(now));
    last = now;
  };
  const watching = shelf.onChange(send);
  socket.once("close", () => watching[Symbol.dispose]());
  send();
}

async function waitFor(
  shelf: PhoneShelf,
  serial: string,
  socket: Socket,
): Promise<SimPhone | null> {
  for (;;) {
    const phone = serial === "" ? [...shelf.phones().values()][0] : shelf.phones().get(serial);
    if (phone) return phone;
    const changed = Promise.withResolvers<void>();
    using _watching = shelf.onChange(() => changed.resolve());
    const gone = once(socket, "close");
    await Promise.race([changed.promise, gone]);
    if (socket.destroyed) return null;
  }
}
