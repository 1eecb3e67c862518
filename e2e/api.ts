import { whenAllowed } from "@cloudphone/shared/retry-after";

/** A caller of the hub's API over plain HTTP, with a token. */
export class Api {
  readonly #url: () => string;
  token: string | null = null;
  #account: { email: string; password: string } | null = null;

  constructor(url: () => string) {
    this.#url = url;
  }

  /** `input` of a query goes into the address. Rejects with ApiError for a refusal. */
  async call<T>(kind: "query" | "mutation", path: string, input?: unknown): Promise<T> {
    const query =
      kind === "query" ? `?input=${encodeURIComponent(JSON.stringify(input ?? {}))}` : "";
    const send = () =>
      fetch(`${this.#url()}/trpc/${path}${query}`, {
        method: kind === "query" ? "GET" : "POST",
        headers: {
          "content-type": "application/json",
          ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        },
        ...(kind === "mutation" ? { body: JSON.stringify(input ?? {}) } : {}),
        signal: AbortSignal.timeout(10_000),
      });
    const response = await whenAllowed(send);
    const body = (await response.json()) as {
      result?: { data: T };
      error?: { message: string; data: { fault: string } };
    };
    if (!body.result)
      throw new ApiError(body.error?.message ?? "no answer", body.error?.data.fault ?? "internal");
    return body.result.data;
  }

  query<T>(path: string, input?: unknown): Promise<T> {
    return this.#signedIn(() => this.call("query", path, input));
  }

  mutate<T>(path: string, input?: unknown): Promise<T> {
    return this.#signedIn(() => this.call("mutation", path, input));
  }

  /** Signs in again, once, when the hub says that the token is over. */
  async #signedIn<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const over = error instanceof ApiError && error.fault === "unauthenticated";
      if (!over || !this.#account || this.token === null) throw error;
      this.token = null;
      await this.login(this.#account);
      return work();
    }
  }

  async login(account: { email: string; password: string }): Promise<void> {
    this.#account = account;
    const session = await this.mutate<{ accessToken: string }>("accounts.login", account);
    this.token = session.accessToken;
  }
}

export class ApiError extends Error {
  readonly fault: string;

  constructor(message: string, fault: string) {
    super(message);
    this.fault = fault;
  }
}

/** Tries until `work` gives something that is not null, also over refused connections and "try again" answers. */
export async function eventually<T>(
  work: () => Promise<T | null>,
  deadlineMs = 30_000,
  what = "it",
): Promise<T> {
  const until = performance.now() + deadlineMs;
  let last: unknown = null;
  // What takes long is asked after less often: many tests share the machine.
  for (let pauseMs = 40; ; pauseMs = Math.min(pauseMs * 1.2, 250)) {
    try {
      const result = await work();
      if (result !== null) return result;
    } catch (error) {
      if (
        error instanceof ApiError &&
        !["internal", "unavailable", "in_progress"].includes(error.fault)
      )
        throw error;
      last = error;
    }
    if (performance.now() > until)
      throw new Error(`${what} did not happen in ${deadlineMs} ms`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
