import type { Handlers } from "./runner.ts";

export const recordingHandlers: Pick<Handlers, "recording.fetch"> = {
  "recording.fetch": async ({ recordingId, path }, { screens, files, signal }) => {
    const film = await screens.recording(recordingId);
    await files.put(path, film, signal);
    return { recordingId, bytes: film.length };
  },
};
