import { randomBytes } from "node:crypto";
import type { AgentConfig } from "../config.ts";
import type { Credentials } from "../enrolment.ts";
import { serverFileOf } from "../media/scrcpy/server-file.ts";
import type { Subject } from "./check.ts";

interface Given {
  readonly config: AgentConfig;
  readonly kinds: ReadonlySet<string>;
  readonly hub: Pick<Credentials, "hubUrl" | "mqtt"> | null;
}

const usualMqttPort = 1883;
const turnPort = 3478;

/** What the checks look at on a host with this configuration. */
export function subjectOf({ config, kinds, hub }: Given): Subject {
  const [, , turnHost, port] = /^(turn|stun):([^:]+)(?::(\d+))?$/.exec(config.turnUrl ?? "") ?? [];
  return {
    dataDir: config.dataDir,
    kinds,
    hub: hub && { url: hub.hubUrl, mqtt: { host: hub.mqtt.host, port: hub.mqtt.port } },
    turn: turnHost === undefined ? null : { host: turnHost, port: Number(port ?? turnPort) },
    dockerSocket: /^unix:\/\/(.+)$/.exec(config.docker.host)?.[1] ?? null,
    adbPorts: [
      ...new Set([
        ...(kinds.has("docker") ? [config.docker.adbPort] : []),
        ...(kinds.has("usb") ? [config.usb.adbPort] : []),
      ]),
    ],
    scrcpyServer: {
      file: serverFileOf({ dataDir: config.dataDir, configuredPath: config.scrcpyServer }),
      configured: config.scrcpyServer !== null,
    },
    perDevice: config.perDevice,
    transactionId: randomBytes(12),
  };
}

/** A hub that this host is not enrolled at; where its broker is, it has not been told yet. */
export const hubAt = (url: string, port = usualMqttPort): Pick<Credentials, "hubUrl" | "mqtt"> => ({
  hubUrl: url,
  mqtt: { host: new URL(url).hostname, port, tls: false },
});
