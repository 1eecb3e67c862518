import type { Command } from "commander";
import { accountCommands } from "./accounts.ts";
import { adbCommands } from "./adb.ts";
import { agentCommand } from "./agent.ts";
import { analyticsCommands } from "./analytics.ts";
import { auditCommand } from "./audit.ts";
import { apiKeyCommands } from "./api-keys.ts";
import { appCommands } from "./apps.ts";
import { billingCommands } from "./billing.ts";
import { clipboardCommands } from "./clipboard.ts";
import { deadLetterCommands } from "./dead-letters.ts";
import { deviceCommands } from "./devices.ts";
import { doctorCommand } from "./doctor.ts";
import { enrollCommand } from "./enroll.ts";
import { fileCommands } from "./files.ts";
import { hostCommands } from "./hosts.ts";
import { hubCommand } from "./hub.ts";
import { listenerCommands } from "./listeners.ts";
import { notificationCommands } from "./notifications.ts";
import { orderCommands } from "./orders.ts";
import { poolCommands } from "./pools.ts";
import { walletCommands } from "./wallet.ts";
import { inputCommands } from "./input.ts";
import { operationCommands } from "./operations.ts";
import { phoneCommands } from "./phone.ts";
import { quotaCommands } from "./quotas.ts";
import { roleCommands } from "./roles.ts";
import { projectionCommands } from "./projections.ts";
import { screenCommands } from "./screen.ts";
import { sessionCommands } from "./sessions.ts";
import { shareCommands } from "./shares.ts";
import { signInCommands } from "./sign-ins.ts";
import { recordingCommands } from "./recordings.ts";
import { snapshotCommands } from "./snapshots.ts";
import { upCommand } from "./up.ts";

/** Every command of the command line: a file here and one line. */
export const allCommands: readonly ((program: Command) => void)[] = [
  upCommand,
  hubCommand,
  agentCommand,
  enrollCommand,
  doctorCommand,
  accountCommands,
  shareCommands,
  signInCommands,
  apiKeyCommands,
  roleCommands,
  quotaCommands,
  hostCommands,
  deviceCommands,
  adbCommands,
  phoneCommands,
  fileCommands,
  screenCommands,
  clipboardCommands,
  inputCommands,
  sessionCommands,
  appCommands,
  snapshotCommands,
  recordingCommands,
  billingCommands,
  orderCommands,
  walletCommands,
  poolCommands,
  notificationCommands,
  analyticsCommands,
  operationCommands,
  deadLetterCommands,
  projectionCommands,
  auditCommand,
  listenerCommands,
];
