import type { HubConfig } from "./config.ts";
import { parseMqttUrl } from "./platform/broker/address.ts";
import { type Broker, type BrokerOptions, startBroker } from "./platform/broker/broker.ts";
import { type ExternalBrokerOptions, joinBroker } from "./platform/broker/external.ts";

/** The broker that hosts and this hub meet at: others', given by URL, or one in this process. */
export function openBroker(
  { host, mqttPort, mqtt }: HubConfig,
  options: Omit<BrokerOptions, "host" | "port"> &
    Pick<ExternalBrokerOptions, "hubId" | "onHubMessage">,
): Promise<Broker> {
  if (mqtt.url === undefined) return startBroker({ ...options, host, port: mqttPort });
  const server = parseMqttUrl(mqtt.url);
  return joinBroker({
    ...options,
    server,
    forAgents: mqtt.agentUrl === undefined ? server : parseMqttUrl(mqtt.agentUrl),
    access: mqtt.access,
  });
}
