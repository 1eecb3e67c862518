import { Fault } from "@cloudphone/shared/fault";

export interface MqttAddress {
  /** Null: the machine that the hub itself is reached at. */
  readonly host: string | null;
  readonly port: number;
  readonly tls: boolean;
}

/** Where a hub reaches a broker, and who it is there. */
export interface MqttServer {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly user: string | null;
  readonly password: string | null;
}

/** Reads mqtt://user:password@host:1883, or mqtts:// for TLS. */
export function parseMqttUrl(url: string): MqttServer {
  const parsed = URL.parse(url);
  if (!parsed || !/^mqtts?:$/.test(parsed.protocol) || parsed.hostname === "")
    throw new Fault("bad_input", "A broker's URL reads mqtt://user:password@host:1883.");
  const tls = parsed.protocol === "mqtts:";
  return {
    host: parsed.hostname,
    port: Number(parsed.port || (tls ? 8883 : 1883)),
    tls,
    user: parsed.username === "" ? null : decodeURIComponent(parsed.username),
    password: parsed.password === "" ? null : decodeURIComponent(parsed.password),
  };
}
