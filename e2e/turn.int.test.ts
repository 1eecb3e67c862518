import { randomBytes, randomUUID } from "node:crypto";
import { Peer } from "@cloudphone/agent/media/peer";
import { iceServers } from "@cloudphone/hub/core/sessions/ice";
import type { IceServer, LiveCandidate } from "@cloudphone/shared/live";
import { describe, expect, it, onTestFinished } from "vitest";
import { RTCPeerConnection, useH264 } from "werift";
import { turnMissing, TurnServer } from "./turn-server.ts";

const turnSecret = randomBytes(16).toString("hex");
/** Another than the host's own, so that one can be told from the other. */
const relayAddress = "127.0.0.2";

async function startTurn(): Promise<string> {
  const options = { secret: turnSecret, address: "127.0.0.1", relayAddress };
  const server = await TurnServer.start(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server.url;
}

const credentials = (turnUrl: string, { secret = turnSecret, nowMs = Date.now() } = {}) =>
  iceServers({ stunUrl: null, turnUrl, turnSecret: secret, relayOnly: true }, randomUUID(), nowMs);

/** A host that may only be reached by TURN, and a viewer's offer to it. */
async function meet(servers: readonly IceServer[]) {
  const told: (LiveCandidate | null)[] = [];
  const peer = new Peer({
    iceServers: servers,
    relayOnly: true,
    hostAddresses: ["127.0.0.1"],
    portRange: null,
    events: {
      onCandidate: (candidate) => {
        told.push(candidate);
        if (candidate) void pc.addIceCandidate({ ...candidate, sdpMid: candidate.sdpMid ?? "0" });
      },
      onState: () => undefined,
      onMessage: () => undefined,
      onKeyFrameWanted: () => undefined,
      onReport: () => undefined,
    },
  });
  const pc = new RTCPeerConnection({
    codecs: { video: [useH264()] },
    bundlePolicy: "max-bundle",
    iceAdditionalHostAddresses: ["127.0.0.1"],
  });
  onTestFinished(async () => {
    await Promise.all([peer.close(), pc.close()]);
  });
  const viewer = { packets: 0 };
  pc.addTransceiver("video", { direction: "recvonly" }).onTrack.subscribe((track) =>
    track.onReceiveRtp.subscribe(() => viewer.packets++),
  );
  await pc.setLocalDescription(await pc.createOffer());
  const answer = await peer.accept(pc.localDescription?.sdp ?? "");
  await pc.setRemoteDescription({ type: "answer", sdp: answer });
  return { peer, viewer, answer, told };
}

describe.skipIf(turnMissing !== null && process.env.CI !== "true")(
  "a host behind a TURN server",
  () => {
    it("is seen with the session's own credential, and tells nobody its own address", async () => {
      const { peer, viewer, answer, told } = await meet(credentials(await startTurn()));
      await expect.poll(() => peer.connected, { timeout: 20_000 }).toBe(true);
      await expect
        .poll(() => {
          const payload = Buffer.from([0x65, 1, 2, 3]);
          peer.sendPicture([{ payload, marker: true }], performance.now());
          return viewer.packets;
        })
        .toBeGreaterThan(0);
      expect(peer.path).toBe("turn");
      const said = [...told.flatMap((each) => each?.candidate ?? []), ...candidatesOf(answer)];
      expect(said.length).toBeGreaterThan(0);
      for (const candidate of said) {
        expect(candidate).toContain(`${relayAddress} `);
        expect(candidate).toContain("typ relay");
      }
      expect(`${said.join()} ${answer}`).not.toContain("127.0.0.1");
    });

    it("is given no way by a credential of another secret, nor by yesterday's", async () => {
      const turnUrl = await startTurn();
      const wrong = [{ secret: "another" }, { nowMs: Date.now() - 24 * 3_600_000 }];
      const met = await Promise.all(wrong.map((options) => meet(credentials(turnUrl, options))));
      for (const { peer, answer, told } of met) {
        // The last that it tells is that there are no more.
        await expect.poll(() => told, { timeout: 30_000 }).toContain(null);
        expect([...told.filter(Boolean), ...candidatesOf(answer)]).toEqual([]);
        expect(peer.connected).toBe(false);
      }
    });
  },
);

const candidatesOf = (sdp: string): string[] => sdp.match(/^a=candidate:.*$/gm) ?? [];
