import { expect, test } from "vitest";
import { whenAllowed } from "./retry-after.ts";

const refusal = (seconds?: string): Response =>
  new Response("", {
    status: 429,
    headers: seconds === undefined ? {} : { "retry-after": seconds },
  });

/** Gives these answers one after the other; tells how many were asked for. */
function answering(...answers: readonly Response[]) {
  let asked = 0;
  return {
    send: async () => answers[asked++] ?? refusal("0"),
    asked: () => asked,
  };
}

test("a call that is refused for now is sent again until it is let through", async () => {
  const hub = answering(refusal("0"), refusal("0"), new Response("done"));
  expect(await (await whenAllowed(hub.send)).text()).toBe("done");
  expect(hub.asked()).toBe(3);
});

test.each([
  ["says no time (too many wrong passwords)", refusal()],
  ["asks for a wait that nobody has the patience for", refusal("3600")],
  ["is another one", new Response("", { status: 503, headers: { "retry-after": "0" } })],
])("a refusal that %s is the answer", async (_what, answer) => {
  const hub = answering(answer);
  expect(await whenAllowed(hub.send)).toBe(answer);
  expect(hub.asked()).toBe(1);
});

test("whoever has given up meanwhile gets the refusal", async () => {
  const hub = answering(refusal("0"));
  expect((await whenAllowed(hub.send, AbortSignal.abort())).status).toBe(429);
});
