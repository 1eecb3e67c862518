import { Fault } from "@cloudphone/shared/fault";
import { api } from "../../api.ts";
import { signIn } from "../../sign-in.ts";
import { saveFile } from "../../ui/save-file.ts";
import { answerOf, newKey } from "./command.ts";

/** Has a phone take a picture of its screen, and hands it to the reader as a file. */
export async function saveScreenshot(device: string, name: string): Promise<void> {
  const pending = api.devices.screenshot.mutate({ device, ...newKey() });
  await answerOf(pending);
  const { commandId } = await pending;
  const headers = { authorization: `Bearer ${await signIn.token()}` };
  const answer = await fetch(`/screenshots/${commandId}`, { headers });
  if (!answer.ok) throw new Fault("unavailable", "");
  saveFile(`${name.replaceAll(/[^\w.-]/g, "_").slice(0, 80)}.png`, await answer.blob());
}
