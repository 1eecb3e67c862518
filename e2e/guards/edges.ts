import type { Guard } from "./guard.ts";

const broker = "hub/src/platform/broker/broker.int.test.ts";
const http = "hub/src/platform/http/server.int.test.ts";
const refusals = "hub/src/platform/http/refusals.ts";
const tokens = "hub/src/platform/auth/tokens.test.ts";
const routes = "hub/src/core/apps/routes.int.test.ts";
const client = "bin/client.int.test.ts";
const apk = "hub/src/core/apps/apk.test.ts";

/** What keeps out at the hub's edges: MQTT, HTTP, signed addresses, packages. */
export const edgeGuards: readonly Guard[] = [
  {
    name: "the broker's length cap",
    file: "hub/src/platform/broker/packet-guard.ts",
    guard: "this.#length > this.#maxBytes || ",
    without: "",
    test: {
      file: broker,
      name: "a packet that says it has 256 MiB: closed at its header, before sign-in",
    },
  },
  {
    name: "clientId = credential",
    file: "hub/src/platform/broker/broker.ts",
    guard: 'if (client.id !== hostId || hostId === "") return refuse();',
    without: 'if (hostId === "") return refuse();',
    test: { file: broker, name: "with %s is refused", case: "another's client id" },
  },
  {
    name: "a host's secret is checked",
    file: "hub/src/platform/broker/broker.ts",
    guard: "(known) => (known ? done(null, true) : refuse())",
    without: "() => done(null, true)",
    test: { file: broker, name: "with %s is refused", case: "a wrong secret" },
  },
  {
    name: "a host says nothing that only the hub may say",
    file: "hub/src/platform/log/authority.ts",
    guard: 'if (isEventType(type) && eventCatalog[type].author !== "agent")\n',
    without: "if (isEventType(type) && data === null)\n",
    test: {
      file: "hub/src/platform/log/authority.test.ts",
      name: "what only the hub may say is no host's to say, whenever its type became known",
    },
  },
  {
    name: "topic rules: a host publishes on its own topics",
    file: "hub/src/platform/broker/broker.ts",
    guard: 'if (topic && "hostId" in topic && topic.hostId === client.id && isUp(topic.kind))\n',
    without: 'if (topic && "hostId" in topic && isUp(topic.kind))\n',
    test: {
      file: broker,
      name: "publishes on its own topics alone: the rest is kept, it is told, and its link stays open",
    },
  },
  {
    name: "a refused publish does not close its host's link",
    file: "hub/src/platform/broker/broker.ts",
    guard: "    else refusePublish(aedes, options, { client, topic: packet.topic, payload });\n",
    without: '    else return done(new Error("refused"));\n',
    test: {
      file: broker,
      name: "publishes on its own topics alone: the rest is kept, it is told, and its link stays open",
    },
  },
  {
    name: "topic rules: a host subscribes to its own topics",
    file: "hub/src/platform/broker/broker.ts",
    guard: "done(null, allowed ? subscription : null);",
    without: "done(null, subscription);",
    test: { file: broker, name: "is not granted a subscription to %s", case: "cloudphone/#" },
  },
  {
    name: "a client that does not read is closed",
    file: "hub/src/platform/broker/broker.ts",
    guard: "    drainTimeout: limits.drainTimeoutMs,\n",
    without: "    drainTimeout: 0,\n",
    test: {
      file: broker,
      name: "that does not read is closed, and nobody else waits for it longer than that",
    },
  },
  {
    name: "a connection that says nothing is closed",
    file: "hub/src/platform/broker/broker.ts",
    guard: "    connectTimeout: limits.connectTimeoutMs,\n",
    without: "    connectTimeout: 3_600_000,\n",
    test: { file: broker, name: "a connection that says nothing is closed" },
  },
  {
    name: "connections of one address have a cap",
    file: "hub/src/platform/broker/broker.ts",
    guard: "total >= limits.connections || count >= limits.connectionsPerAddress",
    without: "total >= limits.connections",
    test: {
      file: broker,
      name: "connections beyond the cap of one address are turned away, and the others stay",
    },
  },
  {
    name: "another site's form can't make a change",
    file: refusals,
    guard: '    !/^application\\/json\\b/i.test(request.headers["content-type"] ?? "")\n',
    without: '    request.headers["content-type"] === "none"\n',
    test: {
      file: http,
      name: "a post of %s is refused: another site's page could send it",
      case: "multipart/form-data; boundary=x",
    },
  },
  {
    name: "calls in one request have a cap",
    file: refusals,
    guard: "  if (calls > maxBatch)\n",
    without: "  if (calls > 1e9)\n",
    test: {
      file: http,
      name: "2,000 calls in one request are refused in words, none of them is made, and none is counted as one",
    },
  },
  {
    name: "a body's declared length has a cap",
    file: refusals,
    guard:
      '  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) return tooLarge;\n',
    without: "",
    test: { file: http, name: "a body that says it has 50 MB is refused before it is read" },
  },
  {
    name: "a body's real length has a cap",
    file: refusals,
    guard: "  if (!whole) return tooLarge;\n",
    without: "",
    test: {
      file: http,
      name: "a body of 2 MiB that does not say its length is refused in words, and charges nothing",
    },
  },
  {
    name: "a body without end is cut off",
    file: refusals,
    guard: "      if (bytes > maxThrownAwayBytes) request.destroy();\n",
    without: "",
    test: {
      file: http,
      name: "a body of 50 MB that does not say its length is cut off, and charges nothing",
    },
  },
  {
    name: "too many calls are refused",
    file: "hub/src/platform/http/request-context.ts",
    guard: "  if (standing.allowed) return;\n",
    without: "  if (headers) return;\n",
    test: {
      file: "hub/src/platform/http/rate-limits.int.test.ts",
      name: "over HTTP each call of a batch counts, headers tell where one stands, and 429 says when to come back",
    },
  },
  {
    name: "the cause of an inner error stays inside",
    file: "hub/src/platform/http/trpc.ts",
    guard: '  if (error.code === "INTERNAL_SERVER_ERROR")\n    return {',
    without: "  if (false as boolean)\n    return {",
    test: { file: http, name: "what breaks inside is told as such, and its cause stays inside" },
  },
  {
    name: "a signature is of its address alone",
    file: "hub/src/platform/auth/tokens.ts",
    guard: '  createHmac("sha256", key).update(`${path}\\n${expiresAtMs}`)',
    without: '  createHmac("sha256", key).update("")',
    test: { file: tokens, name: "a signed path is good for itself alone, and for its time alone" },
  },
  {
    name: "a signature has its time",
    file: "hub/src/platform/auth/tokens.ts",
    guard: "return expires > nowMs && given.length",
    without: "return given.length",
    test: { file: tokens, name: "a signed path is good for itself alone, and for its time alone" },
  },
  {
    name: "an access token has its time",
    file: "hub/src/platform/auth/tokens.ts",
    guard: "      currentDate: new Date(nowMs),\n",
    without: "      currentDate: new Date(0),\n",
    test: {
      file: tokens,
      name: "an access token says whose it is, and of which sign-in, until its 15 minutes are over",
    },
  },
  {
    name: "files are given for a signed address alone",
    file: "hub/src/core/apps/routes.ts",
    guard: "if (!verifyPath(deps.secrets.pathKey, url, deps.source.now()))",
    without: "if (!verifyPath(deps.secrets.pathKey, url, deps.source.now()) && false)",
    test: {
      file: routes,
      name: "without a signature, with another file's, or after its time, nothing is given",
    },
  },
  {
    name: "a refused upload leaves nothing behind",
    file: "hub/src/core/apps/blobs.ts",
    guard: "    await rm(temporary, { force: true });\n",
    without: "",
    test: {
      file: routes,
      name: "an upload by nobody, of no package, of nothing or of too much is refused in words and leaves nothing behind",
    },
  },
  {
    name: "zip: names that climb out",
    file: "hub/src/core/apps/apk.ts",
    guard: "      lazyEntries: true,\n",
    without: "      lazyEntries: true,\n      decodeStrings: false,\n",
    test: {
      file: apk,
      name: "%s is refused with the reason",
      case: "a name that climbs out",
    },
  },
  {
    name: "zip: sizes that are lies",
    file: "hub/src/core/apps/apk.ts",
    guard: "      validateEntrySizes: true,\n",
    without: "      validateEntrySizes: false,\n",
    test: { file: apk, name: "%s is refused with the reason", case: "a size that is a lie" },
  },
  {
    name: "zip: what is encrypted can't be judged",
    file: "hub/src/core/apps/apk.ts",
    guard: "    if (entry.isEncrypted()) throw bad(`${name} is encrypted`);\n",
    without: "",
    test: { file: apk, name: "%s is refused with the reason", case: "a file that is encrypted" },
  },
  {
    name: "zip: one manifest, so that no two readers see different ones",
    file: "hub/src/core/apps/apk.ts",
    guard: '    if (isManifest && manifest) throw bad("it has two manifests");\n',
    without: "",
    test: { file: apk, name: "%s is refused with the reason", case: "a second manifest" },
  },
  {
    name: "zip: real bytes are counted, not declared ones",
    file: "hub/src/core/apps/apk.ts",
    guard:
      "    if (bytes > options.maxBytes) throw bad(`${entry.fileName} unpacks to more than is allowed`);\n",
    without: "",
    test: {
      file: apk,
      name: "%s is refused with the reason",
      case: "a manifest larger than memory should hold",
    },
  },
  {
    name: "a manifest's chunks have an end",
    file: "hub/src/core/apps/apk.ts",
    guard: "    requireChunks(bytes);\n",
    without: "",
    test: {
      file: apk,
      name: "a manifest with a chunk of no size is refused, instead of holding up the hub for ever",
    },
  },
  {
    name: "commands renew the sign-in one at a time",
    file: "bin/client.ts",
    guard: "  return whileLocked(async () => {\n",
    without: "  return Promise.resolve().then(async () => {\n",
    test: {
      file: client,
      name: "commands that find the sign-in nearly over at the same time renew it once, and stay signed in",
    },
  },
  {
    name: "only what carries a key is sent again",
    file: "bin/client.ts",
    guard: "attempts < 2 && wasCutOff(error) && isHarmlessTwice(op)",
    without: "attempts < 2 && wasCutOff(error)",
    test: {
      file: client,
      name: "what carries no key is not sent again: nobody knows whether it was done",
    },
  },
  {
    name: "webhooks reach no inner address",
    file: "hub/src/platform/http/outside-address.ts",
    guard: "if (!exempt && !addresses.every(isPublic))",
    without: "if (!exempt && !addresses.some(isPublic))",
    test: {
      file: "hub/src/platform/http/outside-address.test.ts",
      name: "sends nothing to a name of which one address among several is an inner one",
    },
  },
];
