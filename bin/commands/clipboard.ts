import { text as readAll } from "node:stream/consumers";
import { Fault } from "@cloudphone/shared/fault";
import { maxLiveMessageBytes, viewerMessageSchema } from "@cloudphone/shared/live";
import type { Command } from "commander";
import { withHub } from "../client.ts";
import { print } from "../output.ts";
import { troubleFault, withScreen } from "../screen-line.ts";

const answerMs = 30_000;

/** A phone's clipboard. What is in it goes from the phone to whoever asked, and into no log. */
export const clipboardCommands = (program: Command): void => {
  const clipboard = program.command("clipboard").description("what a phone has copied");
  clipboard
    .command("get")
    .description("print it; nothing, when there is no text in it")
    .argument("<device>", "its name or id")
    .action((device: string, _flags: unknown, command: Command) =>
      withHub(command, async (hub) => {
        const text = await ask(hub, device, null);
        if (hub.json) print({ text }, { json: true });
        else process.stdout.write(text === "" || text.endsWith("\n") ? text : `${text}\n`);
      }),
    );
  clipboard
    .command("set")
    .description("put a text into it: this one, or what comes on standard input")
    .argument("<device>", "its name or id")
    .argument("[text]")
    .action((device: string, given: string | undefined, _flags: unknown, command: Command) =>
      withHub(command, async (hub) => {
        const text = await ask(hub, device, given ?? (await readAll(process.stdin)));
        if (hub.json) print({ text }, { json: true });
        else process.stdout.write(`${device} has it in its clipboard\n`);
      }),
    );
};

/** Sets it, or with null reads it; resolves with what is in it then. */
function ask(
  hub: Parameters<typeof withScreen>[0],
  device: string,
  text: string | null,
): Promise<string> {
  const message = viewerMessageSchema.safeParse({ type: "clipboard", text });
  if (!message.success || Buffer.byteLength(JSON.stringify(message.data)) > maxLiveMessageBytes)
    throw new Fault("too_large", "That is too long for a phone's clipboard here (60,000 letters).");
  return withScreen(hub, { device, viewOnly: false, look: false }, async (line) => {
    const late = Promise.withResolvers<never>();
    const words = "The phone's host did not answer in time; its agent may be of an older version.";
    const timer = setTimeout(() => late.reject(new Fault("timed_out", words)), answerMs);
    const answered = async (): Promise<string> => {
      await line.send(message.data);
      for await (const frame of line.frames()) {
        if (frame.kind !== "message") continue;
        if (frame.message.type === "trouble") throw troubleFault(frame.message);
        if (frame.message.type === "clipboard") return frame.message.text;
      }
      throw new Fault("unavailable", "The phone's host broke the connection off.");
    };
    try {
      return await Promise.race([answered(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  });
}
