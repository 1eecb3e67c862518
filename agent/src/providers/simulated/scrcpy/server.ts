import { setTimeout as delay } from "node:timers/promises";
import type { SimPhone } from "../phone.ts";
import { aborted, type ServiceIo } from "../service.ts";
import { serveControl } from "./controller.ts";
import { type ServerOptions, socketName } from "./options.ts";
import {
  audioDisabled,
  codecIds,
  deviceName,
  frameHeader,
  type Packet,
  videoMeta,
} from "./packets.ts";
import { opusHead, packetMs, tonePackets } from "./tone.ts";
import { VideoSource } from "./video-source.ts";

type Role = "video" | "audio" | "control";

export interface ServerIo {
  readonly phone: SimPhone;
  /** Aborted when the shell that started the server has gone. */
  readonly signal: AbortSignal;
  log(level: "INFO" | "WARN" | "ERROR", message: string): Promise<void>;
}

/**
 * One run of the scrcpy server, 3.3.3: waits for its sockets (video, audio, control, in this order, without those switched off), then serves them
 * until any of them ends. Resolves with the exit code.
 */
export async function runScrcpyServer(
  options: ServerOptions,
  { phone, signal, log }: ServerIo,
): Promise<number> {
  if (!options.tunnelForward) {
    await log("ERROR", "Only tunnel_forward=true is simulated");
    return 1;
  }
  const roles = (["video", "audio", "control"] as const).filter((role) => options[role]);
  const ending = new AbortController();
  const ended = AbortSignal.any([signal, ending.signal]);
  let failure: unknown = null;
  const end = (error: unknown): void => {
    failure ??= error;
    ending.abort();
  };
  const session = new Session(phone, options);
  const name = socketName(options.scid);
  const listening = phone.listen(name, roles.length, (io, index) => {
    const role = roles[index];
    if (!role) return Promise.resolve();
    if (index === 0 && options.sendDummyByte) void io.write(Buffer.alloc(1));
    if (index === roles.length - 1) session.allOpen.resolve();
    io.signal.addEventListener("abort", () => end(null), { once: true });
    return session.serve(role, { io, isFirst: index === 0, ended }).then(() => end(null), end);
  });
  if (!listening) {
    await log("ERROR", `java.io.IOException: Address already in use: ${name}`);
    return 1;
  }
  try {
    await aborted(ended);
  } finally {
    listening[Symbol.dispose]();
  }
  if (failure instanceof Error) await log("ERROR", failure.message);
  return failure ? 1 : 0;
}

class Session {
  readonly allOpen = Promise.withResolvers<void>();
  readonly #phone: SimPhone;
  readonly #options: ServerOptions;
  readonly #video: VideoSource;

  constructor(phone: SimPhone, options: ServerOptions) {
    this.#phone = phone;
    this.#options = options;
    this.#video = new VideoSource(phone, options);
  }

  /** Resolves when the socket's work is over; any such end ends the server. */
  async serve(
    role: Role,
    { io, isFirst, ended }: { io: ServiceIo; isFirst: boolean; ended: AbortSignal },
  ): Promise<void> {
    const gone = AbortSignal.any([io.signal, ended]);
    await Promise.race([this.allOpen.promise, aborted(gone)]);
    if (gone.aborted) return;
    const options = this.#options;
    if (isFirst && options.sendDeviceMeta)
      await io.write(deviceName(this.#phone.properties.get("ro.product.model") ?? ""));
    // A reader that has stopped reading must not keep the others waiting for the end.
    await Promise.race([this.#work(role, io, gone), aborted(gone)]);
  }

  async #work(role: Role, io: ServiceIo, gone: AbortSignal): Promise<void> {
    const [phone, video, options] = [this.#phone, this.#video, this.#options];
    if (role === "video") await this.#serveVideo(io, gone);
    else if (role === "audio") await this.#serveAudio(io, gone);
    else await serveControl(io, { phone, video, options });
  }

  async #serveVideo(io: ServiceIo, gone: AbortSignal): Promise<void> {
    if (this.#options.sendCodecMeta) await io.write(videoMeta(this.#video.size));
    await this.#video.run((packet) => this.#send(io, packet), gone);
  }

  /** Sound: the tone while something moves by itself on the screen (the motion app), else silence, as a phone is most of the time. */
  async #serveAudio(io: ServiceIo, gone: AbortSignal): Promise<void> {
    const codec = this.#options.audioCodec === "opus" ? (codecIds.opus ?? 0) : audioDisabled;
    const meta = Buffer.alloc(4);
    meta.writeUInt32BE(codec);
    await io.write(meta);
    if (codec === audioDisabled) return aborted(gone);
    await this.#send(io, { data: opusHead, config: true, ptsUs: 0n });
    const begunMs = performance.now();
    for (let count = 0; !gone.aborted; count++) {
      const playing = this.#phone.screen.kind === "motion";
      const data = playing ? (tonePackets[count % tonePackets.length] ?? silence) : silence;
      await this.#send(io, { data, ptsUs: BigInt(count * packetMs * 1000) });
      await delay(Math.max(1, begunMs + (count + 1) * packetMs - performance.now()));
    }
  }

  async #send(io: ServiceIo, packet: Packet): Promise<void> {
    const { data } = packet;
    await io.write(this.#options.sendFrameMeta ? Buffer.concat([frameHeader(packet), data]) : data);
  }
}

/** RFC 6716, 3.1: CELT, full band, 20 ms, stereo, one frame, of nothing. */
const silence = Buffer.from([0xfc, 0xff, 0xfe]);
