import { createTokenVerifier, isApiKey } from "../../platform/auth/tokens.ts";
import type { Timer } from "../../platform/context.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import type { CoreDeps } from "../deps.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import { createApiKeys } from "./api-keys.ts";
import { apiKeysRouter } from "./api-keys-router.ts";
import { createPasswords } from "./passwords.ts";
import { createQuotas } from "./quotas.ts";
import { quotasRouter } from "./quotas-router.ts";
import { createRoles } from "./roles.ts";
import { rolesRouter } from "./roles-router.ts";
import { accountsRouter } from "./router.ts";
import { createSignIns, signInCleaning } from "./sign-ins.ts";
import { signInsRouter } from "./sign-ins-router.ts";
import { outdated } from "./standing.ts";

export interface Identities {
  readonly accounts: Accounts;
  readonly routers: ReturnType<typeof routersOf>["routers"];
  readonly timers: readonly Timer[];
  /** Of callers who were let in before, those who may not go on as they were (standing.ts). */
  outdated(callers: readonly Caller[]): Promise<readonly Caller[]>;
  /** Who a bearer token (an access token or an API key) stands for now; rejects with `unauthenticated`. */
  authenticate(token: string): Promise<Caller>;
}

/** Who there is, what each may do, and how they prove it: accounts, passwords, sign-ins, API keys and roles. */
export function createIdentities(deps: CoreDeps): Identities {
  const { accounts, apiKeys, signIns, routers } = routersOf(deps);
  const verifyToken = createTokenVerifier(deps.secrets.tokenKey);
  return {
    accounts,
    routers,
    timers: [signInCleaning(deps.database)],
    outdated: (callers) => outdated(deps.database.query, callers),
    async authenticate(token) {
      if (isApiKey(token)) return apiKeys.verify(token);
      return signIns.verify(await verifyToken(token, deps.source.now()));
    },
  };
}

function routersOf(deps: CoreDeps) {
  const { database } = deps;
  const signIns = createSignIns(deps);
  const accounts = createAccounts(deps, signIns);
  const apiKeys = createApiKeys(deps);
  const passwords = createPasswords(deps, signIns);
  const routers = {
    accounts: accountsRouter({ accounts, passwords, signIns }, deps),
    apiKeys: apiKeysRouter(apiKeys),
    quotas: quotasRouter(createQuotas(deps), database),
    roles: rolesRouter(createRoles(database, signIns)),
    signIns: signInsRouter(signIns, database),
  };
  return { accounts, apiKeys, signIns, routers };
}
