import { api, refusalOf } from "../../api.ts";
import type { OpenedSession, OpenRefusal } from "../../player/player.ts";

interface Early {
  readonly device: string;
  readonly viewOnly: boolean;
  readonly asked: Promise<OpenedSession>;
  readonly forgotten: number;
}

/** A ticket is good for longer; a page that has not come by then comes no more. */
const unclaimedMs = 8000;
const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let early: Early | null = null;

/** Asks for a session for somebody who is on the way to a phone's page: its code is loaded and drawn meanwhile. One that nobody claims is closed. */
export function expectSession(device: string, viewOnly: boolean): void {
  if (early || !isId.test(device)) return;
  const asked = ask(device, viewOnly);
  asked.catch(() => undefined);
  const forgotten = window.setTimeout(() => {
    early = null;
    asked.then(({ sessionId }) => api.sessions.close.mutate({ sessionId })).catch(() => undefined);
  }, unclaimedMs);
  early = { device, viewOnly, asked, forgotten };
}

/** The session that was expected, or a new one. Rejects with what the player understands. */
export function openSession(device: string, viewOnly: boolean): Promise<OpenedSession> {
  if (early?.device !== device || early.viewOnly !== viewOnly) return ask(device, viewOnly);
  const { asked, forgotten } = early;
  clearTimeout(forgotten);
  early = null;
  return asked;
}

async function ask(device: string, viewOnly: boolean): Promise<OpenedSession> {
  try {
    const idempotencyKey = crypto.randomUUID();
    return await api.sessions.open.mutate({ device, purpose: "screen", viewOnly, idempotencyKey });
  } catch (error) {
    throw refusalOf(error) satisfies OpenRefusal;
  }
}
