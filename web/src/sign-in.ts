import type { AppRouter } from "@cloudphone/hub/router";
import { createTRPCClient, httpLink } from "@trpc/client";
import type { inferProcedureOutput } from "@trpc/server";

type Session = inferProcedureOutput<AppRouter["accounts"]["login"]>;
export type SignedInUser = Session["user"];

interface Kept {
  readonly refreshToken: string;
  readonly user: SignedInUser;
}

const storageKey = "cloudphone.sign-in";
/** A token is renewed when less than this is left of it. */
const marginMs = 60_000;

/**
 * Who is signed in, for all tabs of this browser. The access token is in this page's memory alone; the refresh token is in localStorage, and each is used once:
 * tabs take turns by a Web Lock, and whoever comes second finds the new one (docs/decisions/0012-the-web-page.md).
 */
class SignIn {
  readonly #api = createTRPCClient<AppRouter>({ links: [httpLink({ url: "/trpc" })] });
  readonly #listeners = new Set<() => void>();
  #access: { token: string; untilMs: number } | null = null;
  #kept: Kept | null = readKept();
  #renewing: Promise<string | null> | null = null;

  constructor() {
    window.addEventListener("storage", ({ key }) => {
      if (key !== storageKey) return;
      const kept = readKept();
      if (kept?.user.userId !== this.#kept?.user.userId) this.#access = null;
      this.#kept = kept;
      this.#tell();
    });
  }

  readonly user = (): SignedInUser | null => this.#kept?.user ?? null;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Rejects with the hub's own error. */
  async signIn(email: string, password: string): Promise<void> {
    this.#keep(await this.#api.accounts.login.mutate({ email, password }));
  }

  async signOut(): Promise<void> {
    const kept = this.#kept;
    this.#forget();
    if (kept) await this.#api.accounts.logout.mutate({ refreshToken: kept.refreshToken });
  }

  /** A token that is good for a while yet; null when nobody is signed in. Rejects while the hub can't be asked. */
  async token(): Promise<string | null> {
    if (this.#access && performance.now() < this.#access.untilMs - marginMs)
      return this.#access.token;
    return this.renew();
  }

  /** Another token, whatever the one at hand seems to be good for. */
  renew(): Promise<string | null> {
    this.#renewing ??= inTurn(() => this.#renew()).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renew(): Promise<string | null> {
    // Another tab may have been first.
    this.#kept = readKept();
    if (!this.#kept) return null;
    try {
      const { refreshToken } = this.#kept;
      this.#keep(await this.#api.accounts.refresh.mutate({ refreshToken }));
    } catch (error) {
      const { data } = error as { data?: { fault?: string } };
      if (data?.fault !== "unauthenticated") throw error;
      this.#forget();
    }
    return this.#access?.token ?? null;
  }

  #keep({ accessToken, refreshToken, user }: Session): void {
    this.#access = { token: accessToken, untilMs: performance.now() + lifetimeMs(accessToken) };
    this.#kept = { refreshToken, user };
    localStorage.setItem(storageKey, JSON.stringify(this.#kept));
    this.#tell();
  }

  #forget(): void {
    this.#access = null;
    this.#kept = null;
    localStorage.removeItem(storageKey);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** How long a token is good for, by its own two times: this machine's clock may be any. */
function lifetimeMs(token: string): number {
  const claims = JSON.parse(
    atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")),
  ) as { exp: number; iat: number };
  return (claims.exp - claims.iat) * 1000;
}

function readKept(): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

/** One tab at a time, where the browser can (pages from HTTPS or this machine). */
const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
  "locks" in navigator ? navigator.locks.request(storageKey, work) : work();

export const signIn = new SignIn();
