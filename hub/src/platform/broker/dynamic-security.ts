import { Fault } from "@cloudphone/shared/fault";
import { eventCatalog } from "@cloudphone/shared/events/catalog";
import { agentSubscriptions, eventTopic, hostSaysFilter } from "@cloudphone/shared/topics";
import type { MqttClient } from "mqtt";
import { z } from "zod";
import type { ListenerRights } from "../context.ts";
import { withDeadline } from "../postgres/connection.ts";
import { BrokerAway } from "./away.ts";
import { covers, listenerName } from "./listeners.ts";

/** https://mosquitto.org/documentation/dynamic-security/: commands to the first topic, answers to their sender on the second. */
const controlTopic = "$CONTROL/dynamic-security/v1";
const answerTopic = `${controlTopic}/response`;
const answerMs = 5000;
const hubRole = "cloudphone-hub";

const answerSchema = z.object({
  responses: z.array(
    z.object({
      command: z.string(),
      correlationData: z.string().optional(),
      error: z.string().optional(),
      data: z.unknown().optional(),
    }),
  ),
});
type Answer = z.infer<typeof answerSchema>["responses"][number];

const allow = (acltype: string, topic: string) => ({ acltype, topic, allow: true });

/**
 * Mosquitto's own register of who may connect and use which topic, kept by the hub: a host gets its user at enrolment and loses it when it is
 * removed. The secret is stored there (salted, hashed) and here; no file is edited and nothing restarted.
 */
export class DynamicSecurity {
  readonly #client: MqttClient;
  readonly #user: string | null;
  readonly #waiting = new Map<string, PromiseWithResolvers<Answer>>();
  #numbers = 0;

  constructor(client: MqttClient, user: string | null) {
    this.#client = client;
    this.#user = user;
    client.on("connect", () => client.subscribe(answerTopic, { qos: 1 }, () => {}));
    client.on("close", () => {
      for (const answer of this.#waiting.values()) answer.reject(new BrokerAway());
    });
  }

  /** Gives the hub's own user the right to speak on the platform's topics; `mosquitto_ctrl dynsec init` leaves it without. */
  async begin(): Promise<void> {
    const username = this.#user;
    if (username === null)
      throw new Fault(
        "bad_input",
        "CLOUDPHONE_MQTT_URL must name a user that administers the broker's dynamic security, or CLOUDPHONE_MQTT_ACCESS say `broker`.",
      );
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ensureOwnRole(username);
      } catch (error) {
        // Mosquitto closes every connection of a user whose rights change, this one, and another hub's, among them.
        if (!(error instanceof BrokerAway) || attempt === 5) throw error;
        await connected(this.#client);
      }
    }
  }

  async #ensureOwnRole(username: string): Promise<void> {
    const granted = this.#client.subscribeAsync(answerTopic, { qos: 1 });
    await withDeadline(granted, answerMs, "the broker did not grant a subscription in time").catch(
      (cause: unknown) => {
        throw new BrokerAway({ cause });
      },
    );
    const own = await this.#ask({ command: "getClient", username });
    const { roles } = rolesSchema.parse(own.data).client;
    if (roles.some(({ rolename }) => rolename === hubRole)) return;
    await this.#ask(
      {
        command: "createRole",
        rolename: hubRole,
        acls: [
          allow("publishClientSend", "cloudphone/#"),
          allow("subscribePattern", "cloudphone/#"),
        ],
      },
      "already exists",
    );
    await this.#ask({ command: "addClientRole", username, rolename: hubRole }, "already");
  }

  /** From now on the host may connect with that secret, as itself, and use its own topics. */
  async admit(hostId: string, secret: string): Promise<void> {
    const acls = [
      allow("publishClientSend", hostSaysFilter(hostId)),
      ...agentSubscriptions(hostId).map((topic) => allow("subscribeLiteral", topic)),
    ];
    await this.#register({ username: hostId, rolename: roleOf(hostId), acls }, secret);
  }

  /** Cuts the host off, also one that is connected. */
  async expel(hostId: string): Promise<void> {
    await this.#remove({ username: hostId, rolename: roleOf(hostId) });
  }

  /** From now on a listener may connect with that secret, under its own client id, and is given events of its types, whatever it subscribes to. */
  async admitListener({ id, types }: ListenerRights, secret: string): Promise<void> {
    const username = listenerName(id);
    const heard = heardBy(types).flatMap((topic) => [
      { ...allow("publishClientReceive", topic), priority: 1 },
      allow("subscribeLiteral", topic),
    ]);
    const nothingElse = { acltype: "publishClientReceive", topic: "#", allow: false, priority: 0 };
    const acls = [nothingElse, allow("subscribeLiteral", eventTopic("+")), ...heard];
    await this.#register({ username, rolename: username, acls }, secret);
  }

  async expelListener(id: string): Promise<void> {
    await this.#remove({ username: listenerName(id), rolename: listenerName(id) });
  }

  /** A user that is its own client id, and so can't take over another's connection. */
  async #register(
    { username, rolename, acls }: { username: string; rolename: string; acls: readonly object[] },
    password: string,
  ): Promise<void> {
    await this.#ask({ command: "createRole", rolename, acls }, "already exists");
    await this.#ask({
      ...{ command: "createClient", username, clientid: username, password },
      roles: [{ rolename }],
    });
  }

  /** Harmless twice. */
  async #remove({ username, rolename }: { username: string; rolename: string }): Promise<void> {
    await this.#ask({ command: "deleteClient", username }, "not found");
    await this.#ask({ command: "deleteRole", rolename }, "not found");
  }

  /** A message that is no host's. */
  hear(topic: string, payload: Buffer): void {
    if (topic !== answerTopic) return;
    const answers = answerSchema.safeParse(JSON.parse(payload.toString("utf8")));
    for (const answer of answers.success ? answers.data.responses : [])
      this.#waiting.get(answer.correlationData ?? "")?.resolve(answer);
  }

  /** A refusal whose words contain `harmless` is none. */
  async #ask(command: Record<string, unknown>, harmless?: string): Promise<Answer> {
    if (!this.#client.connected) throw new BrokerAway();
    const number = String(++this.#numbers);
    const answered = Promise.withResolvers<Answer>();
    this.#waiting.set(number, answered);
    try {
      const commands = [{ ...command, correlationData: number }];
      this.#client.publish(controlTopic, JSON.stringify({ commands }), { qos: 1 }, () => {});
      const answer = await withDeadline(answered.promise, answerMs, "the broker did not answer");
      if (answer.error && !(harmless && answer.error.includes(harmless)))
        throw new Fault(
          "unavailable",
          `The MQTT broker refused ${answer.command}: ${answer.error}.`,
        );
      return answer;
    } finally {
      this.#waiting.delete(number);
    }
  }
}

/** Resolves once there is a connection, at once where there is one. */
export function connected(client: MqttClient): Promise<void> {
  if (client.connected) return Promise.resolve();
  return new Promise((resolve) => {
    client.once("connect", () => resolve());
  });
}

const rolesSchema = z.object({
  client: z.object({ roles: z.array(z.object({ rolename: z.string() })).default([]) }),
});

/** The topics of the event types that these rights cover: a broker knows no "order.*". */
const heardBy = (types: readonly string[]): string[] =>
  types.includes("*")
    ? [eventTopic("#")]
    : Object.keys(eventCatalog)
        .filter((type) => covers(types, type))
        .map(eventTopic);

const roleOf = (hostId: string): string => `host-${hostId}`;
