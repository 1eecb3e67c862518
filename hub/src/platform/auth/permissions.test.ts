import { expect, test } from "vitest";
import {
  allPermissions,
  builtInRoles,
  checkPermission,
  mayAll,
  ownerSeenBy,
  permissionsOf,
} from "./permissions.ts";

const userId = "018f3c5a-0000-7000-8000-000000000011";
const as = (role: string) => ({ userId, email: "ann@example.com", role });

test("a customer may do what concerns their own things, and sees nobody else's", () => {
  const held = permissionsOf(as("customer"));
  expect(held).toContain("devices.write");
  for (const staff of [
    "customers.all",
    "wallet.topup",
    "hosts.read",
    "operations.read",
    "plans.write",
  ])
    expect(held).not.toContain(staff);
  expect(ownerSeenBy(as("customer"))).toBe(userId);
});

test("an operator may do all a customer may and sees everybody's things; an administrator may do everything", () => {
  expect(mayAll(as("operator"), builtInRoles.customer ?? [])).toBe(true);
  expect(ownerSeenBy(as("operator"))).toBeNull();
  expect(mayAll(as("operator"), ["roles.write"])).toBe(false);
  expect(permissionsOf(as("admin"))).toEqual(allPermissions);
});

test("a role that nobody knows may do nothing, whatever its name", () => {
  for (const role of ["support", "constructor", "__proto__", ""]) {
    expect(permissionsOf(as(role))).toEqual([]);
    expect(ownerSeenBy(as(role))).toBe(userId);
  }
});

test("a composed role may do what it was made of, and a refusal names what is lacking", () => {
  const support = { ...as("support"), permissions: ["orders.read", "customers.all"] as const };
  expect(() => checkPermission(support, "orders.read")).not.toThrow();
  expect(() => checkPermission(support, "orders.write")).toThrow(
    /orders\.write .*your role support/,
  );
  expect(ownerSeenBy(support)).toBeNull();
});
