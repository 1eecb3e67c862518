import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** scrcpy's video of phones that never rest: 4 Mbit/s at 30 pictures a second each, in turns. */

const fps = 30;
const pictureBytes = Math.round(4_000_000 / 8 / fps);
const startCode = [0, 0, 0, 1];
const sps = Buffer.from("6742c01fda02d0286806d0a135", "hex");
const pps = Buffer.from("68ce3c80", "hex");
/** A slice of the size wanted; what is in it is nobody's concern on the way, but for start codes, of which it has none. */
const slice = (type: number): Buffer =>
  Buffer.concat([Buffer.from([...startCode, type]), Buffer.alloc(pictureBytes - 5, 0xa7)]);

const keyFlag = 2n ** 62n;
const configFlag = 2n ** 63n;

/** Microseconds of Linux' monotonic clock, which all processes share. */
export const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);

export interface Phones {
  stop(): void;
}

/** Phone `n` says its number in four bytes, then sends its video; the time of each picture is when it was written. */
export async function startPhones(count: number, port: number): Promise<Phones> {
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n++) {
    const socket = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    await once(socket, "connect");
    const number = Buffer.alloc(4);
    number.writeUInt32BE(n);
    socket.write(number);
    const parameters = [...startCode, ...sps, ...startCode, ...pps];
    socket.write(packet(configFlag, Buffer.from(parameters)));
    socket.write(packet(keyFlag | BigInt(nowUs()), slice(0x65)));
    sockets.push(socket);
  }
  const change = slice(0x61);
  const begun = performance.now();
  let written = 0;
  // The phones' pictures come spread over a picture's time, as those of phones that know nothing of each other.
  const timer = setInterval(() => {
    const due = ((performance.now() - begun) * fps * count) / 1000;
    for (; written < due; written++)
      sockets[written % count]?.write(packet(BigInt(nowUs()), change));
  }, 1);
  return {
    stop: () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}

function packet(flagsAndTime: bigint, data: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeBigUInt64BE(flagsAndTime);
  header.writeUInt32BE(data.length, 8);
  return Buffer.concat([header, data]);
}
