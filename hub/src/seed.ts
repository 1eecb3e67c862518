import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Billing } from "./billing/billing.ts";
import type { HubConfig } from "./config.ts";
import type { CoreContext } from "./core/core.ts";
import { newPassword, writePrivateOnce } from "./platform/auth/secrets.ts";

export interface Account {
  readonly email: string;
  readonly password: string;
}

/** Accounts made at this start; null for those that were there. */
export interface Seeded {
  readonly admin: Account | null;
  readonly demo: Account | null;
  /** Where both are written down for the operator, 0600. */
  readonly file: string;
}

const demoBalanceMinor = 10_000;

/** What a first start must leave: an administrator with a password of its own, and (unless refused) plans and a customer to try it with. */
export async function seed(parts: {
  config: HubConfig;
  sharedDir: string;
  core: CoreContext;
  billing: Billing;
}): Promise<Seeded> {
  const { config, sharedDir, core, billing } = parts;
  const file = path.join(sharedDir, "first-accounts.json");
  const admin = { email: "admin@cloudphone.local", password: newPassword() };
  const demo = { email: "demo@cloudphone.local", password: newPassword() };
  // Written before the accounts are made: a password that nobody was told would be worse than one too many in the file.
  const text = await readFile(file, "utf8").catch(() =>
    writePrivateOnce(file, JSON.stringify(config.demo ? { admin, demo } : { admin }, null, 2)),
  );
  const known = JSON.parse(text) as { admin: Account; demo?: Account };
  const madeAdmin = await core.ensureAccount({ ...known.admin, role: "admin", demo: false });
  let madeDemo = false;
  if (config.demo && known.demo) {
    await billing.seedDemoPlans();
    madeDemo = await core.ensureAccount({ ...known.demo, role: "customer", demo: true });
    const userId = await core.findAccount(known.demo.email);
    if (userId) await billing.creditDemoCustomer({ userId, amountMinor: demoBalanceMinor });
  }
  return {
    admin: madeAdmin ? known.admin : null,
    demo: madeDemo && known.demo ? known.demo : null,
    file,
  };
}
