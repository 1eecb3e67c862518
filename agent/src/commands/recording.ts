import type { Handlers } from "./runner.ts";

export const recordingHandlers: Pick<Handlers, "recording.fetch"> = {
  "recording.fetch": async ({ recordingId, path }, { screens, files, signal }) => {
    const { stream, bytes } = await screens.recording(recordingId);
    await files.put(path, stream, signal);
    return { recordingId, bytes };
  },
};
