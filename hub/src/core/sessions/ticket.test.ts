import { describe, expect, it } from "vitest";
import { createTokenVerifier, signAccessToken } from "../../platform/auth/tokens.ts";
import { signTicket, type Ticket, verifyTicket } from "./ticket.ts";

const key = new Uint8Array(32).fill(7);
const now = 1_764_000_000_000;
const id = (n: number): string => `018f3c5a-0000-7000-8000-${String(n).padStart(12, "0")}`;
const ticket: Ticket = {
  sessionId: id(1),
  side: "client",
  purpose: "adb",
  deviceId: id(2),
  token: 3,
  userId: id(4),
};

describe("a session's ticket", () => {
  it("says all it was given for", async () => {
    expect(await verifyTicket(key, await signTicket(key, ticket, now), now + 50_000)).toEqual(
      ticket,
    );
  });

  it("is over after a minute", async () => {
    const signed = await signTicket(key, ticket, now);
    await expect(verifyTicket(key, signed, now + 61_000)).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  it("is refused with another key, another word in it, or as nonsense", async () => {
    const signed = await signTicket(key, ticket, now);
    const [head = "", , signature = ""] = signed.split(".");
    const forged = Buffer.from(
      JSON.stringify({ sid: id(1), side: "host", aud: "cloudphone.relay" }),
    );
    for (const bad of [
      await signTicket(new Uint8Array(32), ticket, now),
      `${head}.${forged.toString("base64url")}.${signature}`,
      "",
      "a.b.c",
    ])
      await expect(verifyTicket(key, bad, now)).rejects.toMatchObject({ code: "forbidden" });
  });

  it("and an access token can't stand in for each other, even under one key", async () => {
    const { token } = await signAccessToken(key, { userId: id(4), signInId: id(5) }, now);
    await expect(verifyTicket(key, token, now)).rejects.toMatchObject({ code: "forbidden" });
    const signed = await signTicket(key, ticket, now);
    await expect(createTokenVerifier(key)(signed, now)).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });
});
