import type { AppRouter } from "@cloudphone/hub/router";
import { Fault, type FaultCode, faultCodes, isFaultCode } from "@cloudphone/shared/fault";
import { QueryClient } from "@tanstack/react-query";
import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  splitLink,
  TRPCClientError,
  wsLink,
} from "@trpc/client";
import type { inferRouterOutputs } from "@trpc/server";
import { signIn } from "./sign-in.ts";

type Answers = inferRouterOutputs<AppRouter>;
export type Device = Answers["devices"]["list"][number];
export type ListedDevice = Answers["devices"]["page"][number];
export type Plan = Answers["plans"]["list"][number];
export type Order = Answers["orders"]["list"][number];
export type UsageLine = Answers["usage"]["list"][number];
export type StatementLine = Answers["wallet"]["statement"]["lines"][number];
export type ApiKey = Answers["apiKeys"]["list"][number];
export type AppInfo = Answers["apps"]["list"][number];
export type Pool = Answers["pools"]["list"][number];
export type Listener = Answers["listeners"]["list"][number];
export type Recording = Answers["recordings"]["list"][number];
export type Batch = Answers["apps"]["batches"][number];
export type Host = Answers["hosts"]["list"][number];
export type HostDetail = Answers["hosts"]["show"];
export type RecordedEvent = Answers["events"]["list"][number];
export type Trace = Answers["events"]["trace"];
export type Saga = Answers["sagas"]["list"][number];
export type SagaDetail = Answers["sagas"]["show"];
export type ConsumerInfo = Answers["consumers"]["list"][number];
export type DeadLetter = Answers["deadLetters"]["list"][number];
export type LedgerTransaction = Answers["ledger"]["transactions"][number];
export type LoadPoint = Answers["hosts"]["load"][number];
export type Setting = Answers["settings"]["list"][number];
export type AuditEntry = Answers["audit"]["list"][number];
export type Projection = Answers["projections"]["list"][number];
export type Role = Answers["roles"]["list"][number];
export type Permission = Answers["roles"]["permissions"][number]["name"];
export type QuotaStanding = Answers["quotas"]["show"];
export type Account = Answers["accounts"]["list"][number];
export type Notification = Answers["notifications"]["list"]["notifications"][number];
export type Webhook = Answers["webhooks"]["list"][number];
export type Delivery = Answers["webhooks"]["deliveries"][number];
export type BatchItem = Answers["apps"]["batch"]["items"][number];

const maxBatch = 10;

/** The hub's live line; its state is what tells a page that the hub is away. */
export const live = createWSClient({
  url: `${window.location.origin.replace(/^http/, "ws")}/trpc`,
  connectionParams: async () => {
    const token = await signIn.token().catch(() => null);
    return token === null ? null : { token };
  },
  lazy: { enabled: true, closeMs: 1000 },
  keepAlive: { enabled: true, intervalMs: 5000, pongTimeoutMs: 3000 },
  retryDelayMs: (attempt) => Math.min(3000, 250 * 2 ** attempt),
});

export const api = createTRPCClient<AppRouter>({
  links: [
    splitLink({
      condition: ({ type }) => type === "subscription",
      true: wsLink({ client: live }),
      false: httpBatchLink({
        url: "/trpc",
        maxItems: maxBatch,
        fetch: (url, init) => withToken(url, init as RequestInit),
      }),
    }),
  ],
});

/** A request in the name of who is signed in; once more with another token when the hub takes this one no more. */
async function withToken(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const send = (token: string | null): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  };
  const answer = await send(await signIn.token());
  return answer.status === 401 ? send(await signIn.renew()) : answer;
}

/** What a failure is to a person: one of the hub's own refusals, or that it can't be reached. */
export interface Refusal {
  readonly code: FaultCode;
  readonly message: string;
  readonly retryable: boolean;
}

export function refusalOf(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Fault)
    return { code: error.code, message, retryable: faultCodes[error.code].retryable };
  const told = error instanceof TRPCClientError ? (error.data as { fault?: string } | null) : null;
  const code = told?.fault !== undefined && isFaultCode(told.fault) ? told.fault : "unavailable";
  return { code, message, retryable: faultCodes[code].retryable };
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => refusalOf(error).retryable && count < 20,
      retryDelay: (count) => Math.min(3000, 300 * 2 ** count),
      // Whether there is a network says nothing of a hub on this machine.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});
