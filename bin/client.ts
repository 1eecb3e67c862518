import type { AppRouter } from "@cloudphone/hub/router";
import { Fault } from "@cloudphone/shared/fault";
import {
  createTRPCClient,
  createWSClient,
  httpLink,
  splitLink,
  type TRPCClient,
  wsLink,
} from "@trpc/client";
import type { Command } from "commander";
import { WebSocket } from "ws";
import { loadSession, saveSession, type Session } from "./session.ts";

export type Client = TRPCClient<AppRouter>;

const callMs = 30_000;
const defaultUrl = "http://127.0.0.1:30000";

/** A connection to the hub for one command. */
export interface Connection {
  readonly client: Client;
  readonly url: string;
  readonly token: string | null;
  readonly json: boolean;
  close(): Promise<void>;
}

/** Runs a command's work with a connection; needs a sign-in unless told otherwise. */
export async function withHub<T>(
  command: Command,
  work: (connection: Connection) => Promise<T>,
  options: { anyone?: boolean } = {},
): Promise<T> {
  const flags = command.optsWithGlobals<{ url?: string; json?: boolean }>();
  const session = await loadSession();
  const url = flags.url ?? process.env.CLOUDPHONE_URL ?? session?.url ?? defaultUrl;
  const mine = session?.url === url ? session : null;
  if (!mine && !options.anyone)
    throw new Fault(
      "unauthenticated",
      `You are not signed in at ${url}; run \`cloudphone login\` first.`,
    );
  const token = mine ? await freshToken(mine) : null;
  const connection = open({ url, token, json: flags.json ?? false });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

function open({
  url,
  token,
  json,
}: {
  url: string;
  token: string | null;
  json: boolean;
}): Connection {
  const sockets = createWSClient({
    url: `${url.replace(/^http/, "ws")}/trpc`,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    lazy: { enabled: true, closeMs: 1000 },
    ...(token ? { connectionParams: { token } } : {}),
  });
  const client = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === "subscription",
        true: wsLink({ client: sockets }),
        false: httpLink({
          url: `${url}/trpc`,
          headers: token ? { authorization: `Bearer ${token}` } : {},
          fetch: (target, init) =>
            fetch(target, { ...(init as RequestInit), signal: AbortSignal.timeout(callMs) }),
        }),
      }),
    ],
  });
  return { client, url, token, json, close: () => sockets.close() };
}

/** The access token, renewed when it has less than a minute to live. */
async function freshToken(session: Session): Promise<string> {
  if (Date.parse(session.accessExpiresAt) - Date.now() > 60_000) return session.accessToken;
  const { client, close } = open({ url: session.url, token: null, json: false });
  try {
    const renewed = await client.accounts.refresh.mutate({ refreshToken: session.refreshToken });
    await saveSession({
      ...session,
      accessToken: renewed.accessToken,
      accessExpiresAt: renewed.accessExpiresAt,
      refreshToken: renewed.refreshToken,
    });
    return renewed.accessToken;
  } finally {
    await close();
  }
}

/** Asks until there is an answer that is not null; `timed_out` after the deadline. */
export async function until<T>(
  ask: () => Promise<T | null>,
  deadlineMs: number,
  what: string,
): Promise<T> {
  for (const end = performance.now() + deadlineMs; ; ) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > end)
      throw new Fault(
        "timed_out",
        `${what} took longer than ${deadlineMs / 1000} s; look again later.`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
