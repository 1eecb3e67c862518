import type { z } from "zod";
import type { EventType } from "../events/catalog.ts";
import { appCommands } from "./app.ts";
import { deviceCommands } from "./device.ts";

/** A command: the data it carries, how long it may take, and the two events of which exactly one ends it. */
export interface CommandDefinition<S extends z.ZodType = z.ZodType> {
  readonly data: S;
  readonly deadlineMs: number;
  readonly completed: EventType;
  readonly failed: EventType;
}

export const commandCatalog = {
  ...appCommands,
  ...deviceCommands,
} satisfies Record<string, CommandDefinition>;

export type CommandType = keyof typeof commandCatalog;
export type CommandData<T extends CommandType> = z.infer<(typeof commandCatalog)[T]["data"]>;
export type CompletedEvent<T extends CommandType> = (typeof commandCatalog)[T]["completed"];
export type FailedEvent = (typeof commandCatalog)[CommandType]["failed"];

export const isCommandType = (type: string): type is CommandType =>
  Object.hasOwn(commandCatalog, type);
