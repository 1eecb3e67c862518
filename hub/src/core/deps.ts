import type { Id, Source } from "@cloudphone/shared/ids";
import type { Logger } from "pino";
import type { BrokerAccess, HostBus } from "../platform/context.ts";
import type { Secrets } from "../platform/auth/secrets.ts";
import type { Ownership } from "../platform/hubs/ownership.ts";
import type { EventLog } from "../platform/log/event-log.ts";
import type { Database } from "../platform/postgres/database.ts";
import type { Quota } from "./accounts/quotas.ts";
import type { IceConfig } from "./sessions/ice.ts";
import type { DeviceSpec } from "@cloudphone/shared/device";

/** Phones kept clean, running and without a lease, so that a customer need not wait for a boot. */
export interface WarmPool {
  readonly spec: DeviceSpec;
  readonly target: number;
}

/** What core is made from. */
export interface CoreDeps {
  readonly database: Database;
  readonly source: Source;
  readonly bus: HostBus;
  readonly secrets: Secrets;
  readonly logger: Logger;
  /** Folder of the app library and of screenshots. */
  readonly blobDir: string;
  readonly maxAppBytes: number;
  /** How many phones of one host a batch installs on at a time. */
  readonly installsPerHost: number;
  /** How many snapshots one customer may have. */
  readonly snapshotsPerCustomer: number;
  /** For how many days acts stay in the audit log; null: for ever. */
  readonly auditKeepDays: number | null;
  /** What an account may have at a time, unless it has figures of its own. */
  readonly quotas: Quota;
  readonly warmPools: readonly WarmPool[];
  readonly ice: IceConfig;
  /** For feeds that people follow. */
  readonly log: EventLog;
  /** Inner networks that webhooks may be sent to all the same. */
  readonly webhookNetworks: readonly string[];
  /** Which hosts are this hub's to watch. */
  readonly ownership: Ownership;
  readonly hubId: Id;
  readonly access: BrokerAccess;
  /** To be told to agents that enrol; a host of null is the hub's own. */
  readonly mqttAddress: () => {
    readonly host: string | null;
    readonly port: number;
    readonly tls: boolean;
  };
  /** To be called after a commit that filled the outbox. */
  readonly wake: () => void;
}
