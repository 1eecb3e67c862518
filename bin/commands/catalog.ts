import type { Command } from "commander";

type Register = (program: Command) => void;

interface CommandFile {
  /** What it registers at the top; a test holds that it is exactly these. */
  readonly names: readonly string[];
  readonly load: () => Promise<Register>;
}

/** Every command of the command line: a file here and one line. */
export const allCommands: readonly CommandFile[] = [
  { names: ["up"], load: async () => (await import("./up.ts")).upCommand },
  { names: ["hub"], load: async () => (await import("./hub.ts")).hubCommand },
  { names: ["agent"], load: async () => (await import("./agent.ts")).agentCommand },
  { names: ["enroll"], load: async () => (await import("./enroll.ts")).enrollCommand },
  { names: ["doctor"], load: async () => (await import("./doctor.ts")).doctorCommand },
  {
    names: ["login", "logout", "whoami", "accounts", "password"],
    load: async () => (await import("./accounts.ts")).accountCommands,
  },
  { names: ["shares"], load: async () => (await import("./shares.ts")).shareCommands },
  { names: ["sign-ins"], load: async () => (await import("./sign-ins.ts")).signInCommands },
  { names: ["api-keys"], load: async () => (await import("./api-keys.ts")).apiKeyCommands },
  { names: ["roles"], load: async () => (await import("./roles.ts")).roleCommands },
  { names: ["quotas"], load: async () => (await import("./quotas.ts")).quotaCommands },
  { names: ["hosts"], load: async () => (await import("./hosts.ts")).hostCommands },
  {
    names: ["devices", "screenshot"],
    load: async () => (await import("./devices.ts")).deviceCommands,
  },
  { names: ["adb", "forward"], load: async () => (await import("./adb.ts")).adbCommands },
  { names: ["shell", "logcat"], load: async () => (await import("./phone.ts")).phoneCommands },
  { names: ["push", "pull"], load: async () => (await import("./files.ts")).fileCommands },
  { names: ["screen", "record"], load: async () => (await import("./screen.ts")).screenCommands },
  { names: ["clipboard"], load: async () => (await import("./clipboard.ts")).clipboardCommands },
  { names: ["input"], load: async () => (await import("./input.ts")).inputCommands },
  { names: ["sessions"], load: async () => (await import("./sessions.ts")).sessionCommands },
  { names: ["apps"], load: async () => (await import("./apps.ts")).appCommands },
  { names: ["snapshots"], load: async () => (await import("./snapshots.ts")).snapshotCommands },
  { names: ["recordings"], load: async () => (await import("./recordings.ts")).recordingCommands },
  { names: ["plans"], load: async () => (await import("./plans.ts")).planCommands },
  {
    names: ["buy", "usage"],
    load: async () => (await import("./billing.ts")).billingCommands,
  },
  { names: ["orders"], load: async () => (await import("./orders.ts")).orderCommands },
  { names: ["wallet"], load: async () => (await import("./wallet.ts")).walletCommands },
  { names: ["pools"], load: async () => (await import("./pools.ts")).poolCommands },
  {
    names: ["notifications", "webhooks"],
    load: async () => (await import("./notifications.ts")).notificationCommands,
  },
  { names: ["analytics"], load: async () => (await import("./analytics.ts")).analyticsCommands },
  {
    names: ["events", "sagas", "consumers", "trace"],
    load: async () => (await import("./operations.ts")).operationCommands,
  },
  {
    names: ["dead-letters"],
    load: async () => (await import("./dead-letters.ts")).deadLetterCommands,
  },
  {
    names: ["projections"],
    load: async () => (await import("./projections.ts")).projectionCommands,
  },
  { names: ["audit"], load: async () => (await import("./audit.ts")).auditCommand },
  { names: ["listeners"], load: async () => (await import("./listeners.ts")).listenerCommands },
];

/** Takes the next word as its value. */
const urlFlag = "--url";

/** What a line of words needs: the file of the command in it, or for help and what is no command all of them. Half of a start was to read the other commands. */
export function commandsFor(words: readonly string[]): readonly CommandFile[] {
  const name = words.find((word, at) => !word.startsWith("-") && words[at - 1] !== urlFlag);
  const named = allCommands.filter(({ names }) => name !== undefined && names.includes(name));
  return named.length > 0 ? named : allCommands;
}
