import { type ChildProcessByStdio, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { ByteReader } from "../../../byte-reader.ts";
import { Converter } from "../h264/colour.ts";
import type { Frame } from "../ui/frame.ts";
import { readVideoTag } from "./flv.ts";
import type { EncodedPacket, EncodeOptions, VideoEncoder } from "./video-encoder.ts";

const answerMs = 5000;
let found: string | null | undefined;

/** Where ffmpeg is, or null; looked for once. */
export function ffmpegPath(): string | null {
  if (found !== undefined) return found;
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  found =
    folders.map((folder) => path.join(folder, "ffmpeg")).find((file) => isExecutable(file)) ?? null;
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** H.264 by a process of ffmpeg: a raw picture in, an access unit out, framed as FLV, in which the end of a unit is known at once. */
export class FfmpegEncoder implements VideoEncoder {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #output: ByteReader;
  readonly #converter: Converter;
  #last: Buffer | null = null;
  #begun = false;

  constructor(ffmpeg: string, size: { width: number; height: number }, bitRate: number) {
    this.#process = spawn(ffmpeg, argumentsFor(size, bitRate), {
      stdio: ["pipe", "pipe", "ignore"],
    });
    for (const stream of [this.#process, this.#process.stdin, this.#process.stdout])
      stream.on("error", () => this.#process.kill("SIGKILL"));
    this.#output = new ByteReader(this.#process.stdout as AsyncIterable<Buffer>);
    this.#converter = new Converter(size.width, size.height);
  }

  async encode(frame: Frame, { force }: EncodeOptions): Promise<EncodedPacket[]> {
    const changed = this.#converter.convert(frame);
    if (changed) this.#last = changed;
    if (!this.#last || (!changed && !force)) return [];
    const late = setTimeout(() => this.#process.kill("SIGKILL"), answerMs);
    try {
      this.#process.stdin.write(this.#last);
      return await this.#read();
    } finally {
      clearTimeout(late);
    }
  }

  close(): void {
    this.#process.stdin.destroy();
    this.#process.stdout.destroy();
    this.#process.kill("SIGKILL");
  }

  /** Up to and including the next picture. */
  async #read(): Promise<EncodedPacket[]> {
    const packets: EncodedPacket[] = [];
    if (!this.#begun) await this.#output.exactly(13);
    this.#begun = true;
    for (;;) {
      const tag = await readVideoTag(this.#output);
      if (!tag) throw new Error("Video encoding error: ffmpeg ended");
      packets.push(tag);
      if (!tag.config) return packets;
    }
  }
}

const argumentsFor = (
  { width, height }: { width: number; height: number },
  bitRate: number,
): string[] =>
  `-loglevel quiet -f rawvideo -pix_fmt yuv420p -s ${width}x${height} -r 30 -i - -c:v libx264 -profile:v baseline -preset ultrafast -tune zerolatency -threads 1 -g 300 -b:v ${bitRate} -maxrate ${bitRate} -bufsize ${bitRate} -f flv -flvflags no_duration_filesize -flush_packets 1 -`.split(
    " ",
  );
