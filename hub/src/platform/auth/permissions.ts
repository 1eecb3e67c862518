import type { Id } from "@cloudphone/shared/ids";
import { Fault } from "@cloudphone/shared/fault";
import type { Caller } from "../http/trpc.ts";

/** Everything that a role may be allowed, and what it means to a person. A procedure names the one it needs (`needs` in http/trpc.ts). */
export const permissions = {
  "customers.all":
    "every customer's things instead of one's own alone, in whatever else is allowed",
  "devices.read": "see phones, and what was asked of them",
  "devices.write": "switch phones on and off, change their settings, take pictures, name them",
  "devices.create": "make phones that nobody has ordered",
  "devices.destroy": "take phones away for good",
  "apps.read": "see apps, and what is installed where",
  "apps.write": "upload, install, start and remove apps",
  "snapshots.read": "see copies of phones' data",
  "snapshots.write": "copy phones' data, put it back, delete copies",
  "recordings.read": "see and download the films of screens that hosts keep",
  "recordings.write": "say which phones' screens are filmed",
  "sessions.read": "see who reached into which phone",
  "sessions.write": "reach into phones: screen, shell, files, adb",
  "orders.read": "see orders",
  "orders.write": "buy plans and give phones back",
  "orders.refund": "give money of an order back",
  "plans.write": "put plans on sale and take them off",
  "wallet.read": "see balances and statements",
  "wallet.write": "set how much may be spent",
  "wallet.topup": "credit wallets, an operator's work as long as there is no payment provider yet",
  "usage.read": "see what ran and what it cost",
  "ledger.read": "see all movements of money, and recount them",
  "analytics.read": "see figures of use",
  "analytics.platform": "see what the whole platform earned, how busy it is, how its work goes",
  "notifications.read": "read what the platform tells oneself",
  "notifications.write": "mark it as read, and choose what is told",
  "webhooks.read": "see where notifications are sent, and how that went",
  "webhooks.write": "have notifications sent to addresses of one's own",
  "events.live": "hear of what happens to one's things",
  "hosts.read": "see the machines that phones run on",
  "hosts.drain": "empty a machine, and let it take phones again",
  "hosts.write": "add machines and remove them",
  "listeners.write": "have programs outside hear what happens to everybody, on MQTT",
  "accounts.read": "see accounts, their sign-ins and their quotas",
  "accounts.support":
    "reset passwords, end sign-ins and set quotas of accounts that may do no more than oneself",
  "accounts.write": "make accounts and give them roles that may do no more than oneself",
  "roles.write": "compose roles of what one may do oneself",
  "audit.read": "see what people did who may do more than customers",
  "operations.read": "see events, sagas, consumers and dead letters",
  "operations.write": "replay and discard dead letters; have sagas go on, or undo them",
  "operations.rebuild": "have read models built anew",
} as const satisfies Record<string, string>;

export type Permission = keyof typeof permissions;
export const allPermissions = Object.keys(permissions) as [Permission, ...Permission[]];
export const isPermission = (text: string): text is Permission => Object.hasOwn(permissions, text);

const customer = allPermissions.filter(
  (name) =>
    /^(devices|apps|snapshots|sessions|orders|wallet|usage|analytics|notifications|webhooks)\.(read|write)$/.test(
      name,
    ) || name === "events.live",
);

/** Roles that are always there and never change but by a release. An admin composes others of the same permissions (core/accounts/roles.ts). */
export const builtInRoles: Readonly<Record<string, readonly Permission[]>> = {
  customer,
  operator: allPermissions.filter(
    (name) =>
      !/^(accounts\.write|roles\.write|hosts\.write|devices\.destroy|operations\.rebuild)$/.test(
        name,
      ),
  ),
  admin: allPermissions,
};

/** Whether it is about everybody's things by its nature: no customer has it, and whoever has it is not held to their own. */
export const concernsEverybody = (permission: Permission): boolean =>
  !customer.includes(permission);

/** What a caller may do: what the hub found when it looked at who is asking, else what the built-in role of that name may. */
export const permissionsOf = ({ role, permissions: found }: Caller): readonly Permission[] =>
  found ?? (Object.hasOwn(builtInRoles, role) ? (builtInRoles[role] ?? []) : []);

export const may = (caller: Caller, permission: Permission): boolean =>
  permissionsOf(caller).includes(permission);

/** Whether somebody may do all of this: nobody gives away, or takes over, what they may not do themselves. */
export const mayAll = (caller: Caller, wanted: readonly Permission[]): boolean => {
  const held = new Set(permissionsOf(caller));
  return wanted.every((permission) => held.has(permission));
};

/** Throws `forbidden`, saying what is lacking. */
export function checkPermission(caller: Caller, permission: Permission): void {
  if (may(caller, permission)) return;
  throw new Fault(
    "forbidden",
    `This needs the permission ${permission} (${permissions[permission]}), which your role ${caller.role} does not have.`,
  );
}

/**
 * Whose things a caller sees: the id of the one customer, or null for everybody's. The one place where this is decided; whatever is read or changed for a caller
 * is narrowed by it, and PostgreSQL narrows it once more (postgres/tenant.ts).
 */
export const ownerSeenBy = (caller: Caller): Id | null =>
  may(caller, "customers.all") ? null : caller.userId;
