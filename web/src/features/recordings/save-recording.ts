import { Fault } from "@cloudphone/shared/fault";
import { api, type Recording } from "../../api.ts";
import { signIn } from "../../sign-in.ts";
import { saveFile } from "../../ui/save-file.ts";
import { answerOf } from "../tools/command.ts";

/** Has a film brought from its host, and hands it to the reader as a file. */
export async function saveRecording(
  { recordingId, device, startedAt }: Recording,
  idempotencyKey: string,
): Promise<void> {
  const asked = await api.recordings.fetch.mutate({ recordingId, idempotencyKey });
  await answerOf(Promise.resolve(asked));
  const headers = { authorization: `Bearer ${await signIn.token()}` };
  const answer = await fetch(`/recordings/${asked.commandId}`, { headers });
  if (!answer.ok) throw new Fault(answer.status === 404 ? "not_found" : "unavailable", "");
  const name = `${device.slice(0, 80)}-${startedAt.slice(0, 19)}`.replaceAll(/[^\w.-]/g, "_");
  saveFile(`${name}.mp4`, await answer.blob());
}
