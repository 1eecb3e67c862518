import { ByteReader } from "../../byte-reader.ts";
import { isDirectory, absolute, listDirectory } from "./commands/files.ts";
import type { SimPhone } from "./phone.ts";
import type { ServiceIo } from "./service.ts";

const chunkBytes = 64 * 1024;
const maxFileBytes = 1024 ** 3;
const regularFile = 0o100644;
const directory = 0o040755;

const header = (id: string, ...numbers: number[]): Buffer => {
  const bytes = Buffer.alloc(4 + numbers.length * 4);
  bytes.write(id, "latin1");
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number >>> 0, 4 + index * 4);
  return bytes;
};

/** The sync service, version 1 (AOSP packages/modules/adb/SYNC.TXT): STAT, LIST, SEND, RECV, QUIT. */
export async function serveSync(phone: SimPhone, io: ServiceIo): Promise<void> {
  const reader = new ByteReader(io.input);
  for (;;) {
    const request = await reader.exactly(8);
    if (!request) return;
    const id = request.toString("latin1", 0, 4);
    const length = request.readUInt32LE(4);
    if (id === "QUIT") return;
    if (length > 1024) return fail(io, "the path is too long");
    const path = (await reader.exactly(length))?.toString("utf8");
    if (path === undefined) return;
    if (id === "STAT") await stat(phone, path, io);
    else if (id === "LIST") await list(phone, path, io);
    else if (id === "RECV") await receive(phone, path, io);
    else if (id === "SEND") {
      if (!(await send(phone, path, { reader, io }))) return;
    } else return fail(io, `unknown request ${id}`);
  }
}

async function fail(io: ServiceIo, message: string): Promise<void> {
  const text = Buffer.from(message);
  await io.write(Buffer.concat([header("FAIL", text.length), text]));
}

async function stat(phone: SimPhone, path: string, io: ServiceIo): Promise<void> {
  const bytes = phone.disk.files.get(absolute(path));
  if (bytes) await io.write(header("STAT", regularFile, bytes.length, 0));
  else await io.write(header("STAT", isDirectory(phone.disk, path) ? directory : 0, 0, 0));
}

async function list(phone: SimPhone, path: string, io: ServiceIo): Promise<void> {
  for (const name of listDirectory(phone.disk, path)) {
    const bytes = phone.disk.files.get(absolute(`${path}/${name}`));
    const text = Buffer.from(name);
    const mode = bytes ? regularFile : directory;
    await io.write(Buffer.concat([header("DENT", mode, bytes?.length ?? 0, 0, text.length), text]));
  }
  await io.write(header("DONE", 0, 0, 0, 0));
}

async function receive(phone: SimPhone, path: string, io: ServiceIo): Promise<void> {
  const bytes = phone.disk.files.get(absolute(path));
  if (!bytes) return fail(io, "No such file or directory");
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    await io.write(Buffer.concat([header("DATA", chunk.length), chunk]));
  }
  await io.write(header("DONE", 0));
}

/** "path,mode", then DATA packets and a DONE with the file's time. False when the stream broke off. */
async function send(
  phone: SimPhone,
  target: string,
  { reader, io }: { reader: ByteReader; io: ServiceIo },
): Promise<boolean> {
  const path = absolute(target.slice(0, target.lastIndexOf(",")));
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const packet = await reader.exactly(8);
    if (!packet) return false;
    const length = packet.readUInt32LE(4);
    if (packet.toString("latin1", 0, 4) === "DONE") break;
    bytes += length;
    if (length > chunkBytes || bytes > maxFileBytes) {
      await fail(io, "the file is too large");
      return false;
    }
    const chunk = await reader.exactly(length);
    if (!chunk) return false;
    chunks.push(chunk);
  }
  if (!/^\/(data\/local\/tmp|sdcard)\//.test(path)) {
    await fail(io, "Permission denied");
    return true;
  }
  if (!phone.writeFile(path, Buffer.concat(chunks))) {
    await fail(io, "No space left on device");
    return true;
  }
  phone.keepDisk();
  await io.write(header("OKAY", 0));
  return true;
}
