import { z } from "zod";

/**
 * What a viewer and a phone's host say to each other during a live session of the purpose `screen`. Both sides have dialled the hub's relay
 * (relay.ts) and send frames on it: four bytes of length (big-endian, of what follows), one byte that tells the kind, the body. They carry the
 * signals of WebRTC first, and the pictures themselves only where no direct path exists. On data channels the same input goes as bare JSON.
 */
export const liveKinds = {
  /** UTF-8 JSON: `viewerMessageSchema` towards the host, `hostMessageSchema` towards the viewer. */
  message: 1,
  /** To the viewer: `pictureHeaderBytes` of header, then the access unit in Annex B. */
  picture: 2,
  /** To the viewer: microseconds as float64, then one packet of Opus. */
  sound: 3,
} as const;

/** Labels of the data channels: `moves` is unordered and never repeats, `input` is ordered and reliable. The host tells its messages on `input`. */
export const dataChannels = { input: "input", moves: "moves" } as const;

/** No JSON message is larger; an SDP of a hundred candidates has a tenth. */
export const maxLiveMessageBytes = 64 * 1024;
/** Candidates taken of one description. */
export const maxCandidates = 100;
/** Inputs that a host takes a second of one viewer; those beyond it are dropped. */
export const maxInputsPerSecond = 1000;

/** A share of the picture's width or height: 0 is the left or upper edge. What lies outside is clamped by the host. */
const share = z.number().min(-1).max(2);

/** What a person does. Touches name places as shares of the picture, so that a phone that was just turned is never missed by its old size. */
export const inputSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("touch"),
    action: z.enum(["down", "move", "up"]),
    /** Which finger; a mouse is 0. */
    finger: z.int().min(0).max(9),
    x: share,
    y: share,
    pressure: z.number().min(0).max(1).default(1),
  }),
  /** Notches; right and up are positive. */
  z.object({
    type: z.literal("scroll"),
    x: share,
    y: share,
    dx: z.number().min(-16).max(16),
    dy: z.number().min(-16).max(16),
  }),
  /** A key of a physical keyboard, by Android's key code and meta state. */
  z.object({
    type: z.literal("key"),
    action: z.enum(["down", "up"]),
    keycode: z.int().min(0).max(400),
    meta: z.int().min(0).max(0x7fff_ffff).default(0),
  }),
  /** Text of any script, where the cursor is. */
  z.object({ type: z.literal("text"), text: z.string().min(1).max(10_000) }),
  z.object({
    type: z.literal("clipboard"),
    text: z.string().max(60_000),
    paste: z.boolean().default(false),
  }),
  z.object({
    type: z.literal("press"),
    button: z.enum([
      "back",
      "home",
      "recents",
      "power",
      "volume-up",
      "volume-down",
      "rotate",
      "notifications",
    ]),
  }),
]);
export type Input = z.infer<typeof inputSchema>;

/** A STUN or TURN server, with credentials that soon end. */
export const iceServerSchema = z.object({
  urls: z.string().regex(/^(stun|turn):[^/:@?\s]+(:\d{1,5})?(\?transport=(udp|tcp))?$/),
  username: z.string().max(200).optional(),
  credential: z.string().max(200).optional(),
});
export type IceServer = z.infer<typeof iceServerSchema>;

export const iceCandidateSchema = z.object({
  candidate: z.string().max(1000),
  sdpMid: z.string().max(50).nullable(),
  sdpMLineIndex: z.int().min(0).max(20).nullable(),
});
export type LiveCandidate = z.infer<typeof iceCandidateSchema>;

export const livePathSchema = z.enum(["direct", "turn", "relay"]);
export type LivePath = z.infer<typeof livePathSchema>;

/** How a session went for its viewer; told now and then, and kept at its end. Times in milliseconds. */
export const qualitySchema = z.object({
  path: livePathSchema,
  firstFrameMs: z.number().min(0).max(3_600_000).nullable(),
  framesDecoded: z.int().min(0),
  framesDropped: z.int().min(0),
  freezes: z.int().min(0),
  /** Round trip to the host, and what the jitter buffer and the decoder add: percentiles over the session so far. */
  rttMs: z.object({ p50: z.number().min(0), p95: z.number().min(0) }).nullable(),
  delayMs: z.object({ p50: z.number().min(0), p95: z.number().min(0) }).nullable(),
});
export type Quality = z.infer<typeof qualitySchema>;

const sdp = z
  .string()
  .min(1)
  .max(maxLiveMessageBytes - 1000);

export const viewerMessageSchema = z.discriminatedUnion("type", [
  /** First of all; asks to see. */
  z.object({ type: z.literal("hello"), v: z.literal(1), sound: z.boolean() }),
  /** A new connection, or (`restart`) new paths for the one there is. */
  z.object({ type: z.literal("offer"), sdp }),
  z.object({ type: z.literal("candidate"), candidate: iceCandidateSchema.nullable() }),
  /** Send pictures by the relay from now on, or no longer. */
  z.object({ type: z.literal("relay"), on: z.boolean() }),
  /** Pictures have been dropped on the way: show from a key frame on. */
  z.object({ type: z.literal("key-frame") }),
  /** Ask to be the one whose input counts, or let go of it. */
  z.object({ type: z.literal("control"), take: z.boolean() }),
  z.object({ type: z.literal("quality"), quality: qualitySchema }),
  z.object({ type: z.literal("input"), input: inputSchema }),
  /** Set the phone's clipboard, or (null) read it: answered with `clipboard`, what is in it then, or with `trouble`. Needs no `hello`. */
  z.object({ type: z.literal("clipboard"), text: z.string().max(60_000).nullable() }),
]);
export type ViewerMessage = z.infer<typeof viewerMessageSchema>;

export const hostMessageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("answer"), sdp }),
  z.object({ type: z.literal("candidate"), candidate: iceCandidateSchema.nullable() }),
  /** The picture's size from now on, in pixels. */
  z.object({ type: z.literal("size"), width: z.int().min(1), height: z.int().min(1) }),
  /** Whose input counts; `allowed` is false for a viewer who may only look. */
  z.object({
    type: z.literal("control"),
    mine: z.boolean(),
    allowed: z.boolean(),
    viewers: z.int().min(1),
  }),
  /** Whether what is shown is filmed, by the operator's policy. */
  z.object({ type: z.literal("filmed"), on: z.boolean() }),
  /** It has changed, or was asked for. */
  z.object({ type: z.literal("clipboard"), text: z.string() }),
  /** What the encoder is asked for at present; lowered and raised by the viewers' networks. */
  z.object({
    type: z.literal("profile"),
    maxSize: z.int(),
    maxFps: z.int(),
    videoBitRate: z.int(),
  }),
  /** There is no picture, and why; `again` while the host tries by itself. */
  z.object({
    type: z.literal("trouble"),
    code: z.string().max(50),
    message: z.string(),
    again: z.boolean(),
  }),
]);
export type HostMessage = z.infer<typeof hostMessageSchema>;

/** Before a picture on the relay: flags (1: key), width, height, and microseconds as float64. */
export const pictureHeaderBytes = 13;
