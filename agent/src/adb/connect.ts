import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "@cloudphone/shared/fault";
import type { ServerDoor } from "./server.ts";

const lookAgainMs = 50;

/**
 * `adb connect`, until the server calls the device usable. For a transport that went offline the server answers "already connected", which
 * means nothing: it is disconnected first.
 */
export async function connect(
  door: ServerDoor,
  address: string,
  { timeoutMs }: { timeoutMs: number },
): Promise<void> {
  const until = performance.now() + timeoutMs;
  const limits = (what: string) => ({ timeoutMs: until - performance.now(), what });
  const state = async (): Promise<string | null> => {
    const list = await door.ask("host:devices", limits("adb did not list its devices"));
    const lines = list.split("\n").map((line) => line.split("\t"));
    return lines.find(([serial]) => serial === address)?.[1] ?? null;
  };
  let seen = await state();
  if (seen === "device") return;
  if (seen !== null)
    await door
      .ask(`host:disconnect:${address}`, limits("adb did not answer"))
      .catch(() => undefined);
  const said = await door.ask(
    `host:connect:${address}`,
    limits(`adb could not connect to ${address}`),
  );
  // Both of these are answered with OKAY: "failed to connect to …" too.
  if (!/^(already )?connected to/.test(said))
    throw new Fault("unavailable", `adb could not connect to ${address}: ${said.trim()}`);
  for (seen = await state(); seen !== "device"; seen = await state()) {
    if (seen === "unauthorized")
      throw new Fault(
        "unavailable",
        `${address} has not allowed this host to use adb: accept the dialog on its screen.`,
      );
    await delay(lookAgainMs);
  }
}
