import type { Guard } from "./guard.ts";

const accounts = "hub/src/core/accounts/accounts.int.test.ts";
const leases = "hub/src/core/devices/leases.int.test.ts";
const hostState = "hub/src/core/hosts/host-state.test.ts";

/** What holds for accounts, hosts, devices and leases. */
export const coreGuards: readonly Guard[] = [
  {
    name: "the argon2id check of a password",
    file: "hub/src/core/accounts/passwords.ts",
    guard: "  const right = await verifyPassword(password, row.password_hash);\n",
    without: "  const right = (await verifyPassword(password, row.password_hash)) || true;\n",
    test: {
      file: accounts,
      name: "the right password signs in, in whatever case the address is written; another one does not",
    },
  },
  {
    name: "wrong passwords cost time",
    file: "hub/src/core/accounts/passwords.ts",
    guard: " and coalesce(locked_until <= clock_timestamp(), true) returning password_hash`;",
    without: " returning password_hash`;",
    test: { file: accounts, name: "after five wrong passwords the right one must wait" },
  },
  {
    name: "a refresh token that comes twice ends its sign-in",
    file: "hub/src/core/accounts/sign-ins.ts",
    guard: '    await end(tx, { userId, signInId: family }, "token used twice");\n',
    without: "",
    test: {
      file: accounts,
      name: "a refresh token that comes a second time was stolen: the whole sign-in ends",
    },
  },
  {
    name: "a refresh token is used once, also by two at once",
    file: "hub/src/core/accounts/sign-ins.ts",
    guard: "where t.hash = ${hash} for update of t`;",
    without: "where t.hash = ${hash}`;",
    test: {
      file: accounts,
      name: "of two uses of one refresh token at once, one gets through at the most",
    },
  },
  {
    name: "many tries at a password at once are counted",
    file: "hub/src/core/accounts/passwords.ts",
    guard: "    update users set failed_logins = failed_logins + 1, locked_until",
    without: "    update users set failed_logins = 0, locked_until",
    test: {
      file: "hub/src/core/accounts/passwords.int.test.ts",
      name: "of many guesses at once no more are looked at than one after the other",
    },
  },
  {
    name: "an access token is good no longer than its sign-in",
    file: "hub/src/core/accounts/sign-ins.ts",
    guard: "        where s.id = ${signInId} and s.user_id = ${userId} and s.ended_at is null`;",
    without: "        where s.id = ${signInId} and s.user_id = ${userId}`;",
    test: {
      file: "hub/src/core/accounts/sign-ins.int.test.ts",
      name: "a sign-in that is ended from elsewhere is over at once, and not in the list any more",
    },
  },
  {
    name: "nobody gives what they may not do themselves",
    file: "hub/src/core/accounts/roles.ts",
    guard: "  if (beyond.length > 0)\n",
    without: "  if (beyond.length > 99)\n",
    test: {
      file: "hub/src/core/accounts/roles.int.test.ts",
      name: "nobody gives what they may not do themselves, nor touches who may do more, nor changes their own role",
    },
  },
  {
    name: "a session ends with the sign-in that opened it",
    file: "hub/src/core/sessions/sessions.ts",
    guard: "          and still_stands(s.sign_in_id, s.api_key_id)\n",
    without: "",
    test: {
      file: "hub/src/core/accounts/sign-ins.int.test.ts",
      name: "what was opened under a sign-in or a key ends with it: nobody gets in by its ticket, and it is closed",
    },
  },
  {
    name: "a link that was taken back, or whose time or lease is over, lets nobody in",
    file: "hub/src/core/sessions/shares.ts",
    guard: "where share_stands(s.id) and ",
    without: "where ",
    test: {
      file: "hub/src/core/sessions/sessions.int.test.ts",
      name: "whoever has a link looks at the phone without an account, may only look, and no longer once the link is taken back",
    },
  },
  {
    name: "row-level security holds the owner of the tables",
    file: "hub/src/platform/postgres/tenant.ts",
    guard: "        execute format('alter table %s force row level security', wall.name);\n",
    without: "",
    test: {
      file: "e2e/isolation.int.test.ts",
      name: "a query that forgot to say whose rows it wants gets none of another customer's, and changes none",
    },
  },
  {
    name: "a session acts for the customer whose call it is",
    file: "hub/src/platform/postgres/client.ts",
    guard: "      await connection.actFor(tenant);\n",
    without: "",
    test: {
      file: "e2e/isolation.int.test.ts",
      name: "a query that forgot to say whose rows it wants gets none of another customer's, and changes none",
    },
  },
  {
    name: "secrets are stored as hashes",
    file: "hub/src/platform/auth/tokens.ts",
    guard: '  createHash("sha256").update(secret).digest("hex");',
    without: "  secret;",
    test: {
      file: accounts,
      name: "neither passwords nor tokens lie readable in the database",
    },
  },
  {
    name: "the exclusive lease, by the database",
    file: "hub/src/core/migrations/0001-create-core.sql",
    guard:
      "  ended_reason text,\n  -- two leases of one device at the same instant can't be\n  constraint leases_exclusive exclude using gist (device_id with =, period with &&)\n",
    without: "  ended_reason text\n",
    test: {
      file: leases,
      name: "two leases of one phone at one time are refused by the database, whoever writes them",
    },
  },
  {
    name: "placements are decided one after the other",
    file: "hub/src/core/devices/inventory.ts",
    guard: "  await tx`select pg_advisory_xact_lock(hashtext('core.placement'))`;\n",
    without: "",
    test: {
      file: leases,
      name: "of purchases that ask at once for the one phone there is, one gets it and the others are told why not",
    },
  },
  {
    name: "an order gets one phone",
    file: "hub/src/core/devices/leases.ts",
    guard: "  if (had) return;\n",
    without: "",
    test: { file: leases, name: "an order that asks twice gets one phone" },
  },
  {
    name: "wipe before the next lease, at the hub",
    file: "hub/src/core/devices/inventory.ts",
    guard: "where d.existence = 'present' and d.clean and h.state = 'connected'",
    without: "where d.existence = 'present' and h.state = 'connected'",
    test: {
      file: leases,
      name: "a phone that was given back is let again only after it was wiped, and then under a higher token",
    },
  },
  {
    name: "the fencing token grows with each lease",
    file: "hub/src/core/devices/leases.ts",
    guard: "update devices set token = token + 1, clean = false",
    without: "update devices set token = greatest(token, 1), clean = false",
    test: {
      file: leases,
      name: "a phone that was given back is let again only after it was wiped, and then under a higher token",
    },
  },
  {
    name: "the fencing token at the hub: a wipe told of an earlier lease proves nothing",
    file: "hub/src/core/devices/projection.ts",
    guard: "where id = ${data.deviceId} and token = ${data.token}\n",
    without: "where id = ${data.deviceId}\n",
    test: {
      file: leases,
      name: "a wipe that is told of an earlier lease proves nothing about a later one",
    },
  },
  {
    name: "the end of a lease voids its commands",
    file: "hub/src/core/devices/leases.ts",
    guard:
      '  await failCommands(tx, lease.device_id, "stale_lease", "The lease ended before this was done.");\n',
    without: "",
    test: {
      file: leases,
      name: "the end of a lease voids the commands that were open under it, and a late success does not revive them",
    },
  },
  {
    name: "hysteresis: one heartbeat does not bring a host back",
    file: "hub/src/core/hosts/host-state.ts",
    guard: "const beatsToReturn = 2;",
    without: "const beatsToReturn = 1;",
    test: {
      file: hostState,
      name: "that was suspected or lost comes back with its second heartbeat, not with its first",
    },
  },
  {
    name: "hysteresis: heartbeats count only without silence between them",
    file: "hub/src/core/hosts/host-state.ts",
    guard: "nowMs - view.lastHeardMs >= suspectAfterMs ? 1 : view.beats + 1",
    without: "view.beats + 1",
    test: {
      file: hostState,
      name: "whose heartbeats are 15 s apart never comes back: each of them is a first one",
    },
  },
];
