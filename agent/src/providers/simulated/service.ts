import { Duplex, PassThrough } from "node:stream";

/** What a device service answers on: bytes in, bytes out, like a socket. */
export type ServiceHandler = (io: ServiceIo) => Promise<void>;

/** The device's end of an opened service. */
export interface ServiceIo {
  readonly input: AsyncIterable<Buffer>;
  write(bytes: Buffer | string): Promise<void>;
  /** Aborted when the other end has gone, or the phone has lost power. */
  readonly signal: AbortSignal;
}

/** Runs a handler behind a Duplex, with back-pressure both ways; the stream ends when the handler does. */
export function serve(handler: ServiceHandler, power: AbortSignal): Duplex {
  const toDevice = new PassThrough();
  const fromDevice = new PassThrough();
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, power]);
  const duplex = Duplex.from({ readable: fromDevice, writable: toDevice });
  duplex.on("error", () => undefined);
  toDevice.on("error", () => undefined);
  fromDevice.on("error", () => undefined);
  duplex.once("close", () => gone.abort());
  signal.addEventListener("abort", () => duplex.destroy(), { once: true });
  const io: ServiceIo = {
    input: toDevice,
    signal,
    async write(bytes) {
      if (signal.aborted || fromDevice.writableEnded) return;
      if (!fromDevice.write(bytes))
        await new Promise<void>((resolve) => {
          const go = (): void => {
            fromDevice.off("drain", go);
            fromDevice.off("close", go);
            resolve();
          };
          fromDevice.once("drain", go);
          fromDevice.once("close", go);
        });
    },
  };
  handler(io).then(
    () => fromDevice.end(),
    () => fromDevice.end(),
  );
  return duplex;
}

/** Resolves once the signal is aborted, at once when it is already. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
