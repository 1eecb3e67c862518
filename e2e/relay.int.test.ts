import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import type { AdbDevice } from "@cloudphone/agent/adb/adb";
import { serveAdb } from "@cloudphone/agent/relay/adb-tunnel";
import { dialRelay, type RelayLine } from "@cloudphone/agent/relay/dial";
import { Tunnels } from "@cloudphone/agent/relay/tunnels";
import { serveSockets } from "@cloudphone/hub/platform/http/sockets";
import {
  Relay,
  type RelayLimits,
  type RelaySide,
  type RelaySummary,
} from "@cloudphone/hub/platform/relay/relay";
import { Fault } from "@cloudphone/shared/fault";
import { maxRelayMessageBytes, relayPath, relayProtocol } from "@cloudphone/shared/relay";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { joinBoth, listenLocally } from "../bin/forwarding.ts";

const run = promisify(execFile);
const logger = pino({ level: "silent" });

/** The hub's relay behind a real HTTP server; a ticket is "side:session[:leftMs]". */
async function startRelay(limits: Partial<RelayLimits> = {}) {
  const ended: RelaySummary[] = [];
  const waiting = new Set<() => void>();
  const relay = new Relay({
    limits,
    onConnected: () => undefined,
    onEnded: (summary) => {
      ended.push(summary);
      for (const look of waiting) look();
    },
  });
  const server = createHttpServer();
  const sockets = serveSockets(server, {
    logger,
    fallback: (_request, socket) => void socket.destroy(),
    routes: [
      {
        path: relayPath,
        protocol: relayProtocol,
        maxMessageBytes: maxRelayMessageBytes,
        admit: async ([offered = ""]) => {
          const [side, sessionId = "", left] = offered.split("-");
          if (side !== "client" && side !== "host") throw new Fault("forbidden", "No ticket.");
          relay.check({ sessionId, side });
          const leftMs = left === undefined ? null : Number(left);
          return (socket, wire) => relay.join({ sessionId, side, leftMs }, { socket, wire });
        },
      },
    ],
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const hubUrl = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  const dial = (side: RelaySide, session = "s", left = ""): Promise<RelayLine> =>
    dialRelay({ hubUrl, ticket: `${side}-${session}${left && `-${left}`}`, timeoutMs: 5000 });
  return {
    relay,
    hubUrl,
    dial,
    ended,
    end: async (count = 1): Promise<RelaySummary | undefined> => {
      while (ended.length < count)
        await new Promise<void>((resolve) => {
          const look = (): void => {
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
        });
      return ended[count - 1];
    },
    async [Symbol.asyncDispose]() {
      relay.stop();
      sockets.stop();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

describe("the relay", () => {
  test("passes bytes both ways, whatever they are, and counts them", async () => {
    await using hub = await startRelay();
    const [client, host] = [await hub.dial("client"), await hub.dial("host")];
    client.stream.write(Buffer.alloc(700_000, 1));
    host.stream.write("back");
    expect((await once(client.stream, "data"))[0].toString()).toBe("back");
    let got = 0;
    for await (const chunk of host.stream) {
      got += (chunk as Buffer).length;
      if (got === 700_000) break;
    }
    client.stream.destroy();
    expect(await hub.end()).toMatchObject({
      reason: "closed",
      bytesToDevice: 700_000,
      bytesFromDevice: 4,
    });
    expect(await host.ended).toBe("closed");
  });

  test("gives each side away once, and knows a ticket that is none", async () => {
    await using hub = await startRelay();
    await hub.dial("client");
    await expect(hub.dial("client")).rejects.toMatchObject({ code: "conflict" });
    await expect(
      dialRelay({ hubUrl: hub.hubUrl, ticket: "x", timeoutMs: 5000 }),
    ).rejects.toMatchObject({ code: "forbidden" });
  });

  test("lets nobody wait for ever: not for the other side, not idle, not beyond the lease or the cap", async () => {
    await using lonely = await startRelay({ peerMs: 50 });
    expect(await (await lonely.dial("client")).ended).toBe("no_peer");
    await using idle = await startRelay({ idleMs: 50 });
    const [first] = [await idle.dial("client"), await idle.dial("host")];
    expect(await first.ended).toBe("idle");
    await using capped = await startRelay({ totalMs: 300 });
    const [second] = [await capped.dial("client"), await capped.dial("host")];
    expect(await second.ended).toBe("too_long");
    await using leased = await startRelay();
    const [third] = [await leased.dial("client", "t", "200"), await leased.dial("host", "t")];
    expect(await third.ended).toBe("lease_over");
  });

  test("tells both sides why it cut them off, also one that does not read", async () => {
    await using hub = await startRelay();
    const [client, host] = [await hub.dial("client"), await hub.dial("host")];
    const flood = setInterval(() => host.stream.write(Buffer.alloc(65_536)), 1);
    await once(client.stream, "readable");
    hub.relay.end("s", "lease_over");
    clearInterval(flood);
    expect(await host.ended).toBe("lease_over");
    client.stream.resume();
    expect(await client.ended).toBe("lease_over");
    expect(hub.relay.has("s")).toBe(false);
  });

  test("holds little for a reader that stands still, and its writer stands still too", async () => {
    await using hub = await startRelay();
    const [client, host] = [await hub.dial("client"), await hub.dial("host")];
    const piece = Buffer.alloc(256 * 1024);
    let sent = 0;
    // Until a write has waited for a second: nothing more fits anywhere between here and the reader.
    for (;;) {
      sent += piece.length;
      if (host.stream.write(piece)) continue;
      const moved = await Promise.race([
        once(host.stream, "drain").then(() => true),
        new Promise<false>((resolve) => setTimeout(() => resolve(false), 1000)),
      ]);
      if (!moved) break;
    }
    // The kernel's buffers of four sockets are part of it; a relay without back-pressure would take all there is.
    expect(sent).toBeLessThan(40 * 1024 ** 2);
    let got = 0;
    host.stream.end();
    for await (const chunk of client.stream) got += (chunk as Buffer).length;
    expect(got).toBe(sent);
    expect(hub.relay.peakBytes).toBeLessThan(4 * 1024 ** 2);
  });

  test("ends the other side when one breaks off, and says that it broke", async () => {
    await using hub = await startRelay();
    const client = await hub.dial("client");
    await using host = await brokenHost(hub.hubUrl);
    host.breakOff();
    expect(await client.ended).toBe("peer_lost");
  });

  test("cuts a side off that sends too large a message", async () => {
    await using hub = await startRelay();
    const client = await hub.dial("client");
    const { WebSocket } = await import("ws");
    const host = new WebSocket(`${hub.hubUrl.replace("http", "ws")}${relayPath}`, [
      relayProtocol,
      "host-s",
    ]);
    await once(host, "open");
    host.send(Buffer.alloc(maxRelayMessageBytes + 1));
    expect(await client.ended).toBe("peer_lost");
    host.terminate();
  });
});

/** A host's side that can lose its connection without a word. */
async function brokenHost(hubUrl: string) {
  const { hostname, port } = new URL(hubUrl);
  const sockets: Socket[] = [];
  const proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    sockets.push(near, far);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  const at = typeof address === "object" && address ? address.port : 0;
  await dialRelay({ hubUrl: `http://127.0.0.1:${at}`, ticket: "host-s", timeoutMs: 5000 });
  return {
    breakOff: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
}

/** A phone whose services are these; whatever else is asked for is noted and not there. */
function phoneWith(services: Record<string, () => Duplex>) {
  const asked: string[] = [];
  const device: Pick<AdbDevice, "open" | "features" | "close"> = {
    open: async (service) => {
      asked.push(service);
      const found = Object.keys(services).find((name) => service.startsWith(name));
      if (found === undefined) throw new Fault("unavailable", "Nothing answers there.");
      return services[found]?.() as Duplex;
    },
    features: async () => ["shell_v2", "cmd", "remount_shell"],
    close: async () => undefined,
  };
  return { asked, device: device as AdbDevice };
}

const adbMissing = await run("adb", ["version"]).then(
  () => null,
  () => "no adb binary here (apt-get install adb)",
);
if (adbMissing && process.env.CI === "true") throw new Error(adbMissing);

describe.skipIf(adbMissing)(
  `a real adb through a tunnel${adbMissing ? `: ${adbMissing}` : ""}`,
  () => {
    /** adb — local port — relay — tunnel — phone. */
    async function connected(services: Record<string, () => Duplex>) {
      const hub = await startRelay();
      const { asked, device } = phoneWith(services);
      const tunnels = new Tunnels({ hubUrl: hub.hubUrl, logger, tokenOf: () => 1 });
      const door = await listenLocally(0, (socket) => {
        void hub.dial("client").then((line) => joinBoth(socket, line.stream));
      });
      await tunnels.open({
        sessionId: "s",
        deviceId: "d",
        token: 1,
        ticket: "host-s",
        serve: (line) => serveAdb(line, device, { staff: false }),
        timeoutMs: 5000,
      });
      const probe = createServer().listen(0, "127.0.0.1");
      await once(probe, "listening");
      const address = probe.address();
      const port = String(typeof address === "object" && address ? address.port : 0);
      probe.close();
      await once(probe, "close");
      const serial = `127.0.0.1:${door.port}`;
      const adb = (...args: string[]) =>
        run("adb", ["-P", port, "-s", serial, ...args], { timeout: 30_000 });
      await run("adb", ["-P", port, "connect", serial], { timeout: 30_000 });
      await adb("wait-for-device");
      return {
        adb,
        asked,
        hub,
        async [Symbol.asyncDispose]() {
          await run("adb", ["-P", port, "kill-server"]).catch(() => undefined);
          door.stop();
          await tunnels.stop();
          await hub[Symbol.asyncDispose]();
        },
      };
    }

    test("forwards a port of this machine to one of the phone", async () => {
      await using phone = await connected({ "tcp:7000": () => new PassThrough() });
      const { stdout } = await phone.adb("forward", "tcp:0", "tcp:7000");
      const socket = connect(Number(stdout), "127.0.0.1");
      socket.write("there and back");
      socket.setTimeout(10_000, () => socket.destroy());
      const [echo] = (await once(socket, "data")) as [Buffer];
      expect(echo.toString()).toBe("there and back");
      socket.destroy();
      expect(phone.asked).toContain("tcp:7000");
    });

    test("reverses a port of the phone to this machine, and to nothing of the host", async () => {
      await using phone = await connected({
        // What adbd answers; it will have the host's adb server connect to the port that it was told.
        "reverse:forward:tcp:8081;tcp:": () => Duplex.from([Buffer.from("OKAY")]),
        "reverse:killforward:tcp:8081": () => Duplex.from([Buffer.from("OKAY")]),
      });
      const mine = createServer((socket) => socket.end("this machine")).listen(0, "127.0.0.1");
      await once(mine, "listening");
      const address = mine.address();
      const port = typeof address === "object" && address ? address.port : 0;
      await phone.adb("reverse", "tcp:8081", `tcp:${port}`);
      const hostPort = Number(/tcp:(\d+)$/.exec(phone.asked.at(-1) ?? "")?.[1]);
      expect(hostPort).not.toBe(port);
      const { stdout } = await phone.adb("reverse", "--list");
      expect(stdout).toContain(`tcp:8081 tcp:${port}`);
      const fromPhone = connect(hostPort, "127.0.0.1");
      expect(await text(fromPhone)).toBe("this machine");
      await phone.adb("reverse", "--remove", "tcp:8081");
      const refused = connect(hostPort, "127.0.0.1");
      const [error] = (await once(refused, "error")) as [NodeJS.ErrnoException];
      expect(error.code).toBe("ECONNREFUSED");
      mine.close();
    });

    test("asks the phone for nothing that would reach its host", async () => {
      await using phone = await connected({});
      for (const evil of ["tcpip", "usb", "root", "remount"])
        await phone.adb(evil, ...(evil === "tcpip" ? ["5555"] : [])).catch(() => undefined);
      const { stdout } = await phone
        .adb("forward", "tcp:0", "vsock:2:22")
        .catch(() => ({ stdout: "" }));
      if (stdout) {
        const socket = connect(Number(stdout), "127.0.0.1");
        socket.on("error", () => undefined);
        await once(socket, "close");
      }
      expect(phone.asked).toEqual([]);
    });

    test("loses the phone at once when the lease ends", async () => {
      await using phone = await connected({ "shell,v2": () => new PassThrough() });
      const shell = phone.adb("shell", "sleep 1000");
      const over = shell.then(
        () => "ended",
        () => "ended",
      );
      while (!phone.asked.some((service) => service.startsWith("shell,v2")))
        await new Promise((resolve) => setImmediate(resolve));
      phone.hub.relay.end("s", "lease_over");
      expect(await over).toBe("ended");
    });
  },
);
