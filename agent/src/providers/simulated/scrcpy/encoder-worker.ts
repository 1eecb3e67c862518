import { parentPort } from "node:worker_threads";
import type { Frame } from "../ui/frame.ts";
import { DrawnEncoder } from "./drawn-encoder.ts";
import type { EncoderAnswer, EncoderRequest } from "./encoder-thread.ts";

/** The program of the encoders' thread (encoder-thread.ts). */

const encoders = new Map<number, { readonly drawn: DrawnEncoder; readonly frame: Frame }>();

parentPort?.on("message", (request: EncoderRequest) => {
  const { encoder } = request;
  if (request.type === "open") {
    const { width, height, bitRate, words } = request;
    const drawn = new DrawnEncoder({ width, height }, bitRate);
    encoders.set(encoder, { drawn, frame: { width, height, words } });
  } else if (request.type === "close") encoders.delete(encoder);
  else encode(encoder, request);
});

function encode(encoder: number, request: Extract<EncoderRequest, { type: "encode" }>): void {
  const found = encoders.get(encoder);
  const packets = (found?.drawn.encode(found.frame, request) ?? []).map((packet) => ({
    ...packet,
    // In memory of its own, which goes over as it is.
    data: Uint8Array.from(packet.data),
  }));
  const answer: EncoderAnswer = { encoder, packets };
  parentPort?.postMessage(
    answer,
    packets.map(({ data }) => data.buffer),
  );
}
