import { appHandlers } from "./app.ts";
import { deviceHandlers } from "./device.ts";
import type { Handlers } from "./runner.ts";
import { recordingHandlers } from "./recording.ts";
import { sessionHandlers } from "./session.ts";
import { settingsHandlers } from "./settings.ts";
import { snapshotHandlers } from "./snapshot.ts";

/** What is done for each command; its type asks for every one of the shared catalog. */
export const allHandlers: Handlers = {
  ...appHandlers,
  ...deviceHandlers,
  ...settingsHandlers,
  ...snapshotHandlers,
  ...sessionHandlers,
  ...recordingHandlers,
};
