import { describe, expect, it } from "vitest";
import { iceServers } from "./ice.ts";

const now = Date.UTC(2026, 0, 1);
const sessionId = "018f3c5a-0000-7000-8000-0000000000e1";
const none = { stunUrl: null, turnUrl: null, turnSecret: null, relayOnly: false };

describe("ICE servers of a session", () => {
  it("are none where none is configured, and no TURN without its secret", () => {
    expect(iceServers(none, sessionId, now)).toEqual([]);
    expect(iceServers({ ...none, turnUrl: "turn:t:3478" }, sessionId, now)).toEqual([]);
    expect(iceServers({ ...none, stunUrl: "stun:s:3478" }, sessionId, now)).toEqual([
      { urls: "stun:s:3478" },
    ]);
  });

  it("carry a credential that ends after twelve hours and is the HMAC of its name", () => {
    const config = { ...none, turnUrl: "turn:t:3478", turnSecret: "north" };
    const [server, byTcp, ...more] = iceServers(config, sessionId, now);
    expect(server).toEqual({
      urls: "turn:t:3478",
      username: `1767268800:${sessionId}`,
      // printf '1767268800:018f3c5a-0000-7000-8000-0000000000e1' | openssl dgst -sha1 -hmac north -binary | base64
      credential: "2KLnEbiqvEsgo9M9IQ1pvbAtLCc=",
    });
    expect(byTcp).toEqual({ ...server, urls: "turn:t:3478?transport=tcp" });
    expect(more).toEqual([]);
    expect(server?.username?.split(":")[0]).toBe(String(now / 1000 + 12 * 3600));
    const other = iceServers({ ...config, turnSecret: "south" }, sessionId, now);
    expect(other[0]?.credential).not.toBe(server?.credential);
  });
});
