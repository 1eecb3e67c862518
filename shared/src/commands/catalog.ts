import type { z } from "zod";
import type { EventType } from "../events/catalog.ts";
import { appCommands } from "./app.ts";
import { deviceCommands } from "./device.ts";
import { sessionCommands } from "./session.ts";
import { settingsCommands } from "./settings.ts";
import { recordingCommands } from "./recording.ts";
import { snapshotCommands } from "./snapshot.ts";

/** A command: the data it carries, how long it may take, and the two events of which exactly one ends it. */
export interface CommandDefinition<S extends z.ZodType = z.ZodType> {
  readonly data: S;
  readonly deadlineMs: number;
  /** It changes nothing on the phone, so it need not wait for those that do: a screenshot is taken during an install. */
  readonly beside?: true;
  /** `host`: not of the lease's phone, so no lease fences it; `deviceId` only says what it was about. */
  readonly scope?: "host";
  readonly completed: EventType;
  readonly failed: EventType;
}

export const commandCatalog = {
  ...appCommands,
  ...deviceCommands,
  ...settingsCommands,
  ...snapshotCommands,
  ...recordingCommands,
  ...sessionCommands,
} satisfies Record<string, CommandDefinition>;

export type CommandType = keyof typeof commandCatalog;
export type CommandData<T extends CommandType> = z.infer<(typeof commandCatalog)[T]["data"]>;
export type CompletedEvent<T extends CommandType> = (typeof commandCatalog)[T]["completed"];
export type FailedEvent = (typeof commandCatalog)[CommandType]["failed"];

export const isCommandType = (type: string): type is CommandType =>
  Object.hasOwn(commandCatalog, type);
