import type { EventDraft, RecordedEvent } from "@cloudphone/shared/events/catalog";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import { signPath } from "../../platform/auth/tokens.ts";
import type { Cause, Consumer } from "../../platform/context.ts";
import { ownerSeenBy } from "../../platform/auth/permissions.ts";
import type { Caller } from "../../platform/http/trpc.ts";
import { emit } from "../../platform/log/outbox.ts";
import type { Query, Tx } from "../../platform/postgres/database.ts";
import { lockQuota, refuseBeyondStorage } from "../accounts/quotas.ts";
import type { CoreDeps } from "../deps.ts";
import type { ByDevicePage } from "../devices/by-device.ts";
import type { Devices } from "../devices/devices.ts";
import type { ApkInfo } from "./apk.ts";
import type { StoredBlob } from "./blobs.ts";

export interface AppInfo extends ApkInfo {
  readonly appId: Id;
  readonly sha256: string;
  readonly bytes: number;
  readonly uploadedAt: string;
}

export interface InstallationInfo {
  readonly installationId: Id;
  readonly deviceId: Id;
  readonly device: string;
  readonly packageName: string;
  readonly status: "pending" | "installed" | "failed" | "removed";
  readonly code: string | null;
  readonly reason: string | null;
  readonly requestedAt: string;
  readonly endedAt: string | null;
}

interface AppRow {
  id: Id;
  sha256: string;
  bytes: number;
  package_name: string;
  label: string;
  version_name: string;
  version_code: number;
  created_at: Date;
}

interface InstallationRow {
  id: Id;
  device_id: Id;
  device: string;
  package_name: string;
  state: InstallationInfo["status"];
  code: string | null;
  reason: string | null;
  created_at: Date;
  ended_at: Date | null;
}

/** Of one alone too. */
type InstallationPage = ByDevicePage & { readonly id?: Id };

const downloadMs = 60 * 60_000;

/** The app library and what is installed where. A customer sees their own apps and installations, staff see all. */
export function createLibrary(deps: CoreDeps, devices: Devices) {
  const { database, source } = deps;

  const findApp = async (query: Query, caller: Caller, ref: string): Promise<AppRow> => {
    const [row] = await query<AppRow>`
      select * from apps where not removed and (id::text = ${ref} or package_name = ${ref} or sha256 = ${ref})
        and (${ownerSeenBy(caller)}::uuid is null or user_id = ${ownerSeenBy(caller)})
      order by (user_id = ${caller.userId}) desc, created_at desc limit 1`;
    if (!row)
      throw new Fault("not_found", `You have no app ${ref}; \`cloudphone apps list\` shows yours.`);
    return row;
  };

  /** `too_large` when the caller's account has no room for this; what it has already takes nothing more. */
  const refuseBeyond = async (
    query: Query,
    { userId }: Caller,
    blob: StoredBlob,
  ): Promise<void> => {
    const [has] = await query`
      select id from apps where user_id = ${userId} and sha256 = ${blob.sha256} and not removed`;
    const { bytes } = blob;
    if (!has) await refuseBeyondStorage(query, userId, { bytes, everybodys: deps.quotas });
  };

  /** Writes the command of an install down; returns the event that asks for it. */
  const beginInstall = async (
    tx: Tx,
    caller: Caller,
    wish: { app: AppRow; device: string; commandId: Id; cause: Cause },
  ): Promise<EventDraft<"app.install.requested">> => {
    const { app, commandId, cause } = wish;
    const { deviceId } = await devices.command(tx, caller, {
      ref: wish.device,
      type: "app.install",
      commandId,
      cause,
      data: {
        packageName: app.package_name,
        sha256: app.sha256,
        bytes: app.bytes,
        path: signPath(deps.secrets.pathKey, `/blobs/${app.sha256}`, source.now() + downloadMs),
      },
    });
    const { id: appId, package_name: packageName } = app;
    const data = { commandId, deviceId, appId, userId: caller.userId, packageName };
    return { type: "app.install.requested", subject: deviceId, data };
  };

  return {
    /** Enters an uploaded package; the same file again is the same app. */
    async add(
      caller: Caller,
      upload: { blob: StoredBlob; apk: ApkInfo; fileName: string; cause: Cause },
    ): Promise<AppInfo> {
      const { blob, apk, fileName, cause } = upload;
      const row = await database.transaction(async (tx) => {
        const appId = source.id();
        await lockQuota(tx, caller.userId);
        await refuseBeyond(tx, caller, blob);
        const [stored] = await tx<AppRow & { fresh: boolean }>`
          insert into apps (id, user_id, sha256, bytes, file_name, package_name, label, version_name, version_code)
          values (${appId}, ${caller.userId}, ${blob.sha256}, ${blob.bytes}, ${fileName}, ${apk.packageName},
            ${apk.label}, ${apk.versionName}, ${apk.versionCode})
          on conflict (user_id, sha256) do update set removed = false returning *, id = ${appId} as fresh`;
        if (stored?.fresh)
          await emit(
            tx,
            [
              {
                type: "app.uploaded",
                subject: appId,
                data: {
                  appId,
                  userId: caller.userId,
                  sha256: blob.sha256,
                  bytes: blob.bytes,
                  ...apk,
                },
              },
            ],
            { cause, source },
          );
        return stored;
      });
      deps.wake();
      if (!row) throw new Error("an upsert returned no row");
      return toApp(row);
    },

    async list(caller: Caller): Promise<AppInfo[]> {
      const rows = await database.query<AppRow>`
        select * from apps where not removed and (${ownerSeenBy(caller)}::uuid is null or user_id = ${ownerSeenBy(caller)})
        order by created_at desc limit 1000`;
      return rows.map(toApp);
    },

    refuseBeyond,

    /** Takes an app out of the library; where it is installed it stays. */
    async remove(caller: Caller, ref: string): Promise<{ appId: Id }> {
      const { id: appId } = await findApp(database.query, caller, ref);
      await database.query`update apps set removed = true where id = ${appId}`;
      return { appId };
    },

    findApp,
    beginInstall,

    /** Steps 1 to 4 of an install, in the caller's transaction: row, command and event together. */
    async install(
      tx: Tx,
      caller: Caller,
      wish: { device: string; app: string; cause: Cause },
    ): Promise<{ installationId: Id; status: "pending" }> {
      const { device, cause } = wish;
      const app = await findApp(tx, caller, wish.app);
      const commandId = source.id();
      const requested = await beginInstall(tx, caller, { app, device, commandId, cause });
      await tx`insert into installations (id, app_id, device_id, user_id, package_name)
        values (${commandId}, ${app.id}, ${requested.subject}, ${caller.userId}, ${app.package_name})`;
      await emit(tx, [requested], { cause, source });
      return { installationId: commandId, status: "pending" };
    },

    async uninstall(
      tx: Tx,
      caller: Caller,
      wish: { device: string; packageName: string; cause: Cause },
    ): Promise<{ commandId: Id; status: "pending" }> {
      const { packageName, cause } = wish;
      const commandId = source.id();
      const { deviceId } = await devices.command(tx, caller, {
        ref: wish.device,
        type: "app.uninstall",
        commandId,
        cause,
        data: { packageName },
      });
      const data = { commandId, deviceId, userId: caller.userId, packageName };
      await emit(tx, [{ type: "app.uninstall.requested", subject: deviceId, data }], {
        cause,
        source,
      });
      return { commandId, status: "pending" };
    },

    /** The newest first. */
    async installations(caller: Caller, page: InstallationPage): Promise<InstallationInfo[]> {
      const { id = null, device = null, before = null, limit } = page;
      const rows = await database.query<InstallationRow>`
        select i.*, d.name as device from installations i join devices d on d.id = i.device_id
        where (${ownerSeenBy(caller)}::uuid is null or i.user_id = ${ownerSeenBy(caller)})
          and (${id}::uuid is null or i.id = ${id})
          and (${device}::text is null or d.name = ${device} or d.id::text = ${device})
          and (${before}::uuid is null or (i.created_at, i.id) < (select b.created_at, b.id from installations b where b.id = ${before}))
        order by i.created_at desc, i.id desc limit ${limit}`;
      return rows.map(toInstallation);
    },
  };
}
export type Library = ReturnType<typeof createLibrary>;

/** Outcomes of installs and uninstalls, folded into the installation rows. A late success corrects a time-out. */
export const installationConsumer: Consumer = {
  name: "core.installations",
  on: {
    "app.install.completed": async ({ data }, { tx }) => {
      await tx`update installations set state = 'installed', code = null, reason = null, ended_at = clock_timestamp()
        where id = ${data.commandId} and device_id = ${data.deviceId} and (state = 'pending' or code = 'timed_out')`;
    },
    "app.install.failed": installationFailed,
    "device.command.refused": installationFailed,
    "app.uninstall.completed": async ({ data }, { tx }) => {
      await tx`update installations set state = 'removed', ended_at = clock_timestamp()
        where device_id = ${data.deviceId} and package_name = ${data.packageName} and state = 'installed'`;
    },
    "device.wiped": async ({ data }, { tx }) => {
      await tx`update installations set state = 'removed', ended_at = clock_timestamp()
        where device_id = ${data.deviceId} and state = 'installed'`;
    },
  },
};

async function installationFailed(
  { data }: RecordedEvent<"app.install.failed" | "device.command.refused">,
  { tx }: { tx: Tx },
): Promise<void> {
  await tx`update installations set state = 'failed', code = ${data.code}, reason = ${data.reason}, ended_at = clock_timestamp()
    where id = ${data.commandId} and device_id = ${data.deviceId} and state = 'pending'`;
}

const toApp = (row: AppRow): AppInfo => ({
  appId: row.id,
  sha256: row.sha256,
  bytes: row.bytes,
  packageName: row.package_name,
  label: row.label,
  versionName: row.version_name,
  versionCode: row.version_code,
  uploadedAt: row.created_at.toISOString(),
});

const toInstallation = (row: InstallationRow): InstallationInfo => ({
  installationId: row.id,
  deviceId: row.device_id,
  device: row.device,
  packageName: row.package_name,
  status: row.state,
  code: row.code,
  reason: row.reason,
  requestedAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
});
