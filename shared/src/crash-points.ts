/**
 * The instants at which a test may kill a process: before and after each arrow of ARCHITECTURE.md. A process started
 * with CLOUDPHONE_CRASH_FILE=<path> kills itself, as a power cut would, at the point that the file names; it may be written at any time, and is gone then.
 * A saga's step is committed with the cursor that fed it, so `hub.consumer.after-commit` is its other side.
 */
export const crashPoints = [
  "agent.state.before-commit",
  "agent.state.after-commit",
  "agent.uplink.before-send",
  "agent.uplink.after-send",
  "agent.uplink.before-delete",
  "agent.uplink.after-delete",
  "agent.desired.before-store",
  "agent.desired.after-store",
  "agent.command.before-inbox",
  "agent.command.after-inbox",
  "agent.command.before-outcome",
  "agent.command.after-outcome",
  "agent.provider.before-create",
  "agent.provider.after-create",
  "agent.meter.before-mark",
  "agent.meter.after-mark",
  "hub.ingest.before-commit",
  "hub.ingest.after-commit",
  "hub.ingest.after-ack",
  "hub.api.before-commit",
  "hub.api.after-commit",
  "hub.outbox.before-append",
  "hub.outbox.after-append",
  "hub.outbox.after-delete",
  "hub.consumer.before-commit",
  "hub.consumer.after-commit",
  "hub.saga.before-commit",
  "hub.dispatch.before-publish",
  "hub.dispatch.after-publish",
] as const;
export type CrashPoint = (typeof crashPoints)[number];
