import { once } from "node:events";
import { Fault } from "@cloudphone/shared/fault";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { systemSource } from "../source.ts";
import { silent } from "../testing.ts";
import { startHttp } from "./server.ts";
import { type Caller, router, signedIn } from "./trpc.ts";

const ann: Caller = { userId: systemSource.id(), email: "ann@example.com", role: "customer" };
const bob: Caller = { userId: systemSource.id(), email: "bob@example.com", role: "customer" };

/** A hub whose callers are known by name, and lose their standing when they are put into `gone`. */
async function startServer() {
  const gone = new Set<Caller>();
  const http = await startHttp({
    host: "127.0.0.1",
    port: 0,
    routes: [],
    limiter: null,
    source: systemSource,
    logger: silent,
    authenticate: async (name) => {
      const caller = [ann, bob].find(({ email }) => email.startsWith(name));
      if (!caller || gone.has(caller)) throw new Fault("unauthenticated", "Nobody.");
      return caller;
    },
    outdated: async (callers) => callers.filter((caller) => gone.has(caller)),
    router: router({
      ticks: signedIn.subscription(async function* ({ signal }) {
        yield "first";
        if (signal) await once(signal, "abort");
      }),
    }),
  });
  return {
    gone,
    /** Somebody who is subscribed, and has heard the first tick. */
    async subscribed(name: string): Promise<WebSocket> {
      const socket = new WebSocket(`ws://127.0.0.1:${http.port}/trpc?connectionParams=1`);
      await once(socket, "open");
      const heard = new Promise<void>((resolve) => {
        socket.on("message", (data) => String(data).includes("first") && resolve());
      });
      socket.send(JSON.stringify({ method: "connectionParams", data: { token: name } }));
      socket.send(JSON.stringify({ id: 1, method: "subscription", params: { path: "ticks" } }));
      await heard;
      return socket;
    },
    [Symbol.asyncDispose]: () => http.stop(),
  };
}

test("a subscription ends within a second or two when its sign-in or key does, and nobody else's with it", async () => {
  await using server = await startServer();
  const [hers, his] = [await server.subscribed("ann"), await server.subscribed("bob")];
  server.gone.add(ann);
  const [code, reason] = (await once(hers, "close")) as [number, Buffer];
  expect(code).toBe(4401);
  expect(String(reason)).toContain("The sign-in or key is over");
  expect(his.readyState).toBe(WebSocket.OPEN);
  his.close();
});
