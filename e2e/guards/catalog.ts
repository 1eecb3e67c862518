import { agentGuards } from "./agent.ts";
import { archiveGuards } from "./archive.ts";
import { billingGuards } from "./billing.ts";
import { coreGuards } from "./core.ts";
import { edgeGuards } from "./edges.ts";
import type { Guard } from "./guard.ts";
import { logGuards } from "./log.ts";

export const guards: readonly Guard[] = [
  ...archiveGuards,
  ...agentGuards,
  ...logGuards,
  ...edgeGuards,
  ...coreGuards,
  ...billingGuards,
];
