import { GlanceFrames } from "@cloudphone/shared/glance";
import { relayAddress, relayProtocol } from "@cloudphone/shared/relay";
import { api, refusalOf } from "../../api.ts";

const askEveryMs = 4000;
const retryMs = 10_000;
const betweenMs = 150;

/** Small pictures of a phone's screen, one every four seconds, until `signal` is aborted. What breaks off begins again; a phone whose host can give none gives none. */
export async function watchGlances(
  device: string,
  signal: AbortSignal,
  onPicture: (picture: Blob) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const ticket = await inTurn(() => open(device, signal));
      if (ticket !== null) await receive(ticket, signal, onPicture);
    } catch (error) {
      if (!refusalOf(error).retryable) return;
    }
    await pause(retryMs, signal);
  }
}

/** Null: nobody looks any more. */
async function open(device: string, signal: AbortSignal): Promise<string | null> {
  if (signal.aborted) return null;
  const idempotencyKey = crypto.randomUUID();
  const wish = { device, purpose: "glance", idempotencyKey } as const;
  const { ticket } = await api.sessions.open.mutate(wish);
  await pause(betweenMs, signal);
  return signal.aborted ? null : ticket;
}

let before: Promise<unknown> = Promise.resolve();

/** A page full of phones asks for one after the other: what else its reader does counts against the same limits. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = before.then(work);
  before = turn.catch(() => undefined);
  return turn;
}

/** Resolves when the line has ended. */
function receive(
  ticket: string,
  signal: AbortSignal,
  onPicture: (picture: Blob) => void,
): Promise<void> {
  const socket = new WebSocket(relayAddress(window.location.origin), [relayProtocol, ticket]);
  socket.binaryType = "arraybuffer";
  const frames = new GlanceFrames();
  // One that is not open yet is closed once it is: a browser calls anything else an error.
  const leave = (): void => {
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
  };
  const ask = (): void => {
    if (signal.aborted) leave();
    else if (socket.readyState === WebSocket.OPEN) socket.send(Uint8Array.of(1));
  };
  signal.addEventListener("abort", leave);
  socket.addEventListener("open", ask);
  socket.addEventListener("message", ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return;
    try {
      for (const picture of frames.push(new Uint8Array(data))) {
        onPicture(new Blob([picture], { type: "image/png" }));
        void pause(askEveryMs, signal).then(ask);
      }
    } catch {
      // Nothing that comes after can be read.
      leave();
    }
  });
  return new Promise((resolve) => {
    socket.addEventListener("close", () => {
      signal.removeEventListener("abort", leave);
      resolve();
    });
  });
}

/** Resolves early when the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
