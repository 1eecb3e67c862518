import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createTokenVerifier, newSecret, signAccessToken, signPath, verifyPath } from "./tokens.ts";

const key = randomBytes(32);
const now = Date.parse("2026-11-23T08:00:00Z");
const minute = 60_000;
const claims = {
  userId: "018f3c5a-0000-7000-8000-000000000011",
  signInId: "018f3c5a-0000-7000-8000-000000000012",
};

test("a secret never looks like an option of a command line", () => {
  for (let n = 0; n < 500; n++) expect(newSecret()).toMatch(/^cp_[\w-]{43}$/);
});

test("an access token says whose it is, and of which sign-in, until its 15 minutes are over", async () => {
  const { token } = await signAccessToken(key, claims, now);
  const verify = createTokenVerifier(key);
  // Twice: the second time it is known already.
  for (const at of [now, now + 14 * minute]) expect(await verify(token, at)).toEqual(claims);
  for (const at of [now + 15 * minute, now + 16 * minute])
    await expect(verify(token, at)).rejects.toMatchObject({ code: "unauthenticated" });
});

test("an access token of another key is refused", async () => {
  const { token } = await signAccessToken(randomBytes(32), claims, now);
  await expect(createTokenVerifier(key)(token, now)).rejects.toMatchObject({
    code: "unauthenticated",
  });
});

test("a signed path is good for itself alone, and for its time alone", () => {
  const url = (path: string): URL => new URL(path, "http://hub");
  const signed = signPath(key, "/blobs/abc", now + minute);
  expect(verifyPath(key, url(signed), now)).toBe(true);
  expect(verifyPath(key, url(signed), now + 2 * minute)).toBe(false);
  expect(verifyPath(key, url(signed.replace("abc", "abd")), now)).toBe(false);
  expect(verifyPath(key, url(signed.replace(/exp=\d+/, `exp=${now + 9 * minute}`)), now)).toBe(
    false,
  );
  expect(verifyPath(key, url("/blobs/abc"), now)).toBe(false);
});
