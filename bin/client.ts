import type { AppRouter } from "@cloudphone/hub/router";
import { Fault } from "@cloudphone/shared/fault";
import { whenAllowed } from "@cloudphone/shared/retry-after";
import {
  createTRPCClient,
  createWSClient,
  httpLink,
  retryLink,
  splitLink,
  type TRPCClient,
  TRPCClientError,
  wsLink,
} from "@trpc/client";
import type { Command } from "commander";
import { WebSocket } from "ws";
import { loadSession, saveSession, type Session, whileLocked } from "./session.ts";

export type Client = TRPCClient<AppRouter>;

const callMs = 30_000;
const renewMs = 10_000;
/** A token with less than this to live is renewed before it is used. */
const spareMs = 60_000;
const retryAfterMs = 1000;
const defaultUrl = "http://127.0.0.1:30000";

/** A connection to the hub for one command. */
export interface Connection {
  readonly client: Client;
  readonly url: string;
  readonly json: boolean;
  /** For what goes past the client; the token in it is good now. */
  headers(): Promise<Record<string, string>>;
  close(): Promise<void>;
}

/** Runs a command's work with a connection; needs a sign-in, unless told otherwise: then none is shown, as one that is over would keep people from signing in anew. */
export async function withHub<T>(
  command: Command,
  work: (connection: Connection) => Promise<T>,
  options: { anyone?: boolean } = {},
): Promise<T> {
  const flags = command.optsWithGlobals<{ url?: string; json?: boolean }>();
  const session = await loadSession();
  const url = flags.url ?? process.env.CLOUDPHONE_URL ?? session?.url ?? defaultUrl;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new Fault("bad_input", `${url} is no address of a hub; one reads http://HOST:PORT.`);
  const signedIn = !options.anyone && (apiKey() !== null || session?.url === url);
  if (!signedIn && !options.anyone)
    throw new Fault(
      "unauthenticated",
      `You are not signed in at ${url}; run \`cloudphone login\` first.`,
    );
  // Before the work, so that a sign-in that is over is told as such.
  if (signedIn) await freshToken(url);
  const connection = open({ url, json: flags.json ?? false, signedIn });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

interface Opening {
  readonly url: string;
  readonly json: boolean;
  readonly signedIn: boolean;
}

/** Asks for the token at each call and each new socket: a feed that is followed for hours outlives many of them. */
function open({ url, json, signedIn }: Opening): Connection {
  const headers = async (): Promise<Record<string, string>> =>
    signedIn ? { authorization: `Bearer ${await freshToken(url)}` } : {};
  const sockets = createWSClient({
    url: `${url.replace(/^http/, "ws")}/trpc`,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    lazy: { enabled: true, closeMs: 1000 },
    ...(signedIn ? { connectionParams: async () => ({ token: await freshToken(url) }) } : {}),
  });
  const client = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === "subscription",
        true: wsLink({ client: sockets }),
        false: [
          retryLink({
            retry: ({ op, error, attempts }) =>
              attempts < 2 && wasCutOff(error) && isHarmlessTwice(op),
            retryDelayMs: () => retryAfterMs,
          }),
          plainLink(url, headers),
        ],
      }),
    ],
  });
  return { client, url, json, headers, close: () => sockets.close() };
}

const plainLink = (url: string, headers: () => Promise<Record<string, string>>, ms = callMs) =>
  httpLink<AppRouter>({
    url: `${url}/trpc`,
    // Shown in the list of sign-ins.
    headers: async () => ({ ...(await headers()), "user-agent": "cloudphone command line" }),
    fetch: (target, init) =>
      whenAllowed(() =>
        fetch(target, { ...(init as RequestInit), signal: AbortSignal.timeout(ms) }),
      ),
  });

/** No answer came: the connection was refused, or broke. */
const wasCutOff = ({ data, cause }: { data?: unknown; cause?: unknown }): boolean =>
  !data && cause instanceof TypeError;

/** Queries, and what carries a key by which the hub knows it again. */
const isHarmlessTwice = ({ type, input }: { type: string; input: unknown }): boolean =>
  type === "query" || (typeof input === "object" && input !== null && "idempotencyKey" in input);

/** For programs: used instead of a sign-in wherever it is set. */
const apiKey = (): string | null => process.env.CLOUDPHONE_API_KEY?.trim() || null;

/** The API key, or the access token, renewed when it is nearly over; by one command alone, the others take what that one got. */
async function freshToken(url: string): Promise<string> {
  const key = apiKey();
  if (key !== null) return key;
  const known = await loadSession();
  if (known?.url === url && isFresh(known)) return known.accessToken;
  return whileLocked(async () => {
    const session = await loadSession();
    if (session?.url !== url)
      throw new Fault(
        "unauthenticated",
        `You are not signed in at ${url} any more; sign in again.`,
      );
    return isFresh(session) ? session.accessToken : renew(session);
  });
}

const isFresh = ({ accessExpiresAt }: Session): boolean =>
  Date.parse(accessExpiresAt) - Date.now() > spareMs;

async function renew(session: Session): Promise<string> {
  const client = createTRPCClient<AppRouter>({
    links: [plainLink(session.url, async () => ({}), renewMs)],
  });
  const renewed = await client.accounts.refresh.mutate({ refreshToken: session.refreshToken });
  const { accessToken, accessExpiresAt, refreshToken } = renewed;
  await saveSession({ ...session, accessToken, accessExpiresAt, refreshToken });
  return accessToken;
}

/** A hub that is restarted while somebody waits is back by then. */
const longestAwayMs = 30_000;
const firstPauseMs = 100;
const longestPauseMs = 1000;

/** Asks until there is an answer that is not null; `timed_out` after the deadline. A hub that goes away meanwhile is waited for. */
export async function until<T>(
  ask: () => Promise<T | null>,
  deadlineMs: number,
  what: string,
): Promise<T> {
  let heardAt = performance.now();
  // Often at first, for what is quick; then less, for a call is counted and what takes a minute is not missed for a second.
  let pauseMs = firstPauseMs;
  for (const end = heardAt + deadlineMs; ; pauseMs = Math.min(pauseMs * 1.1, longestPauseMs)) {
    try {
      const answer = await ask();
      if (answer !== null) return answer;
      heardAt = performance.now();
    } catch (error) {
      if (!isAway(error) || performance.now() - heardAt > longestAwayMs) throw error;
    }
    if (performance.now() > end)
      throw new Fault(
        "timed_out",
        `${what} took longer than ${deadlineMs / 1000} s; look again later.`,
      );
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** No answer came at all: what the hub refuses carries data. */
const isAway = (error: unknown): boolean =>
  error instanceof TRPCClientError && (error.data as unknown) == null;
