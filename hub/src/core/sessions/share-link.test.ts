import { describe, expect, it } from "vitest";
import { signShare, verifyShare } from "./share-link.ts";
import { signTicket } from "./ticket.ts";

const key = new Uint8Array(32).fill(7);
const now = 1_764_000_000_000;
const shareId = "018f3c5a-0000-7000-8000-000000000001";
const link = () => signShare(key, { shareId, expiresAtMs: now + 60_000 });

describe("the link of a share", () => {
  it("names its share until it ends", async () => {
    expect(await verifyShare(key, await link(), now + 59_000)).toBe(shareId);
    await expect(verifyShare(key, await link(), now + 61_000)).rejects.toMatchObject({
      code: "not_found",
    });
  });

  it("is refused when it was changed, signed by another, a session's ticket, or nonsense", async () => {
    const [head = "", body = "", signature = ""] = (await link()).split(".");
    const other = Buffer.from(JSON.stringify({ share: shareId, aud: "cloudphone.share" }));
    const ticket = {
      ...({ sessionId: shareId, side: "client", purpose: "screen" } as const),
      ...{ deviceId: shareId, token: 1, userId: shareId },
    };
    for (const bad of [
      `${head}.${other.toString("base64url")}.${signature}`,
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`,
      await signShare(new Uint8Array(32), { shareId, expiresAtMs: now + 60_000 }),
      await signTicket(key, ticket, now),
      "",
      "x".repeat(2000),
    ])
      await expect(verifyShare(key, bad, now)).rejects.toMatchObject({ code: "not_found" });
  });
});
