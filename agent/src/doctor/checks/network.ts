import { byHand, type Check, fail, ok, skipped, warn } from "../check.ts";
import { bindingRequestHex, mappedAddress } from "../stun.ts";

const noHub = skipped("no hub is known; name one with --hub URL");
const outbound = "The host calls the hub, never the other way: this must be allowed outwards.";

const healthOf = (url: string): string => new URL("/healthz", url).href;

const hubHttp: Check = {
  id: "hub.http",
  looksAt: "the hub over HTTP",
  async look(system, { hub }) {
    if (!hub) return noHub;
    const answer = await system.http({ url: healthOf(hub.url) });
    if ("error" in answer)
      return fail({
        says: `${hub.url} can't be reached (${inWords(answer.error)})`,
        why: `${outbound} Apps come this way.`,
      });
    if (answer.status !== 200 || !answer.body.includes('"ok":true'))
      return fail({
        says: `${hub.url} answers ${answer.status}, but not as a hub does`,
        why: "A proxy or another program is there instead.",
      });
    return ok(hub.url);
  },
};

/** A CONNECT (MQTT 3.1.1 §3.1) without a name: every broker of ours answers it with CONNACK, refusing. */
const mqttConnect = "100c00044d515454040200050000";
const connack = "2002";

const hubMqtt: Check = {
  id: "hub.mqtt",
  looksAt: "the hub over MQTT",
  async look(system, { hub }) {
    if (!hub) return noHub;
    const { host, port } = hub.mqtt;
    const reply = await system.exchange({ protocol: "tcp", host, port, sendHex: mqttConnect });
    const why = `${outbound} Events go up and wishes come down this way.`;
    if ("error" in reply)
      return fail({ says: `${host}:${port} can't be reached (${inWords(reply.error)})`, why });
    if (!reply.replyHex.startsWith(connack))
      return fail({ says: `${host}:${port} does not speak MQTT`, why });
    return ok(`${host}:${port}`);
  },
};

const hubWebSocket: Check = {
  id: "hub.websocket",
  looksAt: "the hub over WebSocket",
  async look(system, { hub }) {
    if (!hub) return noHub;
    const answer = await system.http({
      url: new URL("/trpc", hub.url).href,
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        // The sample of RFC 6455 §1.3: nothing is ever said over this connection.
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      },
    });
    if ("status" in answer && answer.status === 101) return ok("opens");
    return fail({
      says: "status" in answer ? `refused with ${answer.status}` : inWords(answer.error),
      why: "Remote adb and screens that need the hub's relay go this way; a proxy between must let `Upgrade` through.",
    });
  },
};

const skewWarnMs = 5000;
const skewFailMs = 60_000;

const clock: Check = {
  id: "hub.clock",
  looksAt: "clock",
  async look(system, { hub }) {
    if (!hub) return noHub;
    const answer = await system.http({ url: healthOf(hub.url) });
    const theirs = "date" in answer && answer.date !== null ? Date.parse(answer.date) : Number.NaN;
    if (Number.isNaN(theirs)) return skipped("the hub does not tell the time");
    // The header has whole seconds, of which half are over.
    const skewMs = Math.abs(system.now() - (theirs + 500));
    if (skewMs < skewWarnMs) return ok("as the hub's, to the second");
    const seconds = Math.round(skewMs / 1000);
    const told = {
      says: `${seconds} s off the hub's`,
      why: "Events carry the wrong time, and certificates seem to be from the future; only running time is measured without the clock.",
      remedy: byHand("timedatectl set-ntp true"),
    };
    return skewMs < skewFailMs ? warn(told) : fail(told);
  },
};

const turn: Check = {
  id: "hub.turn",
  looksAt: "TURN",
  async look(system, { turn: server, transactionId }) {
    if (!server) return skipped("none is configured (CLOUDPHONE_TURN_URL)");
    const { host, port } = server;
    const reply = await system.exchange({
      protocol: "udp",
      host,
      port,
      sendHex: bindingRequestHex(transactionId),
    });
    const why = "Without it, screens can't be seen from networks that allow no direct path.";
    if ("error" in reply)
      return fail({
        says: `${host}:${port} can't be reached over UDP (${inWords(reply.error)})`,
        why,
      });
    const seen = mappedAddress(reply.replyHex, transactionId);
    if (seen === null)
      return fail({ says: `${host}:${port} answers, but not as a STUN server does`, why });
    return ok(`${host}:${port} sees this host as ${seen}`);
  },
};

/** Ports of a hub, and of adb: taken by whom. */
const ports: Check = {
  id: "ports.taken",
  looksAt: "ports of hub and broker",
  async look(system) {
    const asked = await system.run(["ss", "-Hltnp", "sport = :30000 or sport = :1883"]);
    if (!asked || asked.exitCode !== 0) return skipped("there is no `ss` to ask");
    const taken = asked.stdout
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => {
        const port = /:(\d+)\s/.exec(line)?.[1] ?? "?";
        const who = /users:\(\("([^"]+)",pid=(\d+)/.exec(line);
        return {
          port,
          name: who?.[1] ?? null,
          says: who ? `${port} by ${who[1]} (${who[2]})` : `${port} by another account's program`,
        };
      });
    if (taken.length === 0) return ok("30000 and 1883 are free");
    const says = [...new Set(taken.map((one) => one.says))].join(", ");
    if (taken.some(({ name }) => name === null)) return skipped(`${says}; only root sees whose`);
    if (taken.every(({ name }) => name === "node" || name === "MainThread")) return ok(says);
    return warn({
      says,
      why: "A hub can't start on this machine with its usual ports. A host without a hub need not care.",
      remedy: byHand("cloudphone hub --port 30001 --mqtt-port 1884  # others for the hub"),
    });
  },
};

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "no answer",
  ENOTFOUND: "the name is unknown",
  EAI_AGAIN: "no name server answers",
  EHOSTUNREACH: "no route",
  ENETUNREACH: "no network",
};
const inWords = (code: string): string => words[code] ?? code;

export const networkChecks: readonly Check[] = [hubHttp, hubMqtt, hubWebSocket, clock, turn, ports];
