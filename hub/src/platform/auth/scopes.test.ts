import { expect, test } from "vitest";
import { checkScope, scopeSchema } from "./scopes.ts";

const withKey = (...scopes: string[]) => ({
  userId: "018f3c5a-0000-7000-8000-000000000011",
  email: "ann@example.com",
  role: "customer" as const,
  key: { id: "018f3c5a-0000-7000-8000-000000000012", scopes },
});
const may = (scopes: string[], area: string, writes: boolean): boolean => {
  try {
    checkScope(withKey(...scopes), { path: `${area}.any`, writes });
    return true;
  } catch {
    return false;
  }
};

test.each([
  { scopes: ["devices.read"], area: "devices", reads: true, writes: false },
  { scopes: ["devices.write"], area: "devices", reads: true, writes: true },
  { scopes: ["devices.write"], area: "wallets", reads: false, writes: false },
  { scopes: ["*.read"], area: "wallets", reads: true, writes: false },
  { scopes: ["*.write"], area: "orders", reads: true, writes: true },
  { scopes: ["*.write"], area: "apiKeys", reads: false, writes: false },
  { scopes: ["*.write"], area: "signIns", reads: false, writes: false },
  { scopes: [], area: "devices", reads: false, writes: false },
])("a key for $scopes in the area $area: reads $reads, writes $writes", (given) => {
  expect(may(given.scopes, given.area, false)).toBe(given.reads);
  expect(may(given.scopes, given.area, true)).toBe(given.writes);
});

test("a key changes no password, whatever it was made for", () => {
  const call = { path: "accounts.changePassword", writes: true };
  expect(() => checkScope(withKey("*.write"), call)).toThrow("sign in with your password");
});

test("whoever signed in is not held by scopes", () => {
  const { key: _key, ...signedIn } = withKey();
  expect(() => checkScope(signedIn, { path: "orders.create", writes: true })).not.toThrow();
});

test.each(["devices", "devices.delete", "Devices.read", "*", "devices.read,orders.read", ""])(
  "%j is no scope",
  (text) => {
    expect(scopeSchema.safeParse(text).success).toBe(false);
  },
);
