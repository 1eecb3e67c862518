import { expect, test } from "vitest";
import { countedAs, rateHeaders } from "./rate-limits.ts";

const ann = {
  userId: "018f3c5a-0000-7000-8000-000000000011",
  email: "ann@example.com",
  role: "customer" as const,
};

test("whoever is signed in is counted as a person, wherever the calls come from", () => {
  expect(countedAs(ann, "192.0.2.1")).toBe(countedAs(ann, "2001:db8::1"));
});

test.each([
  ["192.0.2.1", "address:192.0.2.1"],
  ["::ffff:192.0.2.1", "address:192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"],
  ["2001:db8:1:2::9", "address:2001:db8:1:2::/64"],
  ["2001:db8::9", "address:2001:db8:0:0::/64"],
  ["::1", "address:0:0:0:0::/64"],
  ["unknown", "address:unknown"],
])("before sign-in a call from %s counts under %s", (address, counted) => {
  expect(countedAs(null, address)).toBe(counted);
});

test("a refusal says when the last of the used-up windows ends; a call that was let through says no such thing", () => {
  const windows = [
    { calls: 10, seconds: 1, remaining: 0, secondsLeft: 0.4 },
    { calls: 100, seconds: 10, remaining: 0, secondsLeft: 7.2 },
    { calls: 500, seconds: 60, remaining: 350, secondsLeft: 57.2 },
  ];
  expect(rateHeaders({ allowed: false, windows })).toEqual({
    "ratelimit-policy": '"1s";q=10;w=1, "10s";q=100;w=10, "60s";q=500;w=60',
    ratelimit: '"1s";r=0;t=1, "10s";r=0;t=8, "60s";r=350;t=58',
    "retry-after": "8",
  });
  expect(rateHeaders({ allowed: true, windows })).not.toHaveProperty("retry-after");
});
