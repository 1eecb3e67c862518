import type { Envelope } from "@cloudphone/shared/envelope";
import { newestVersion } from "@cloudphone/shared/events/catalog";
import type { Source } from "@cloudphone/shared/ids";
import { storableJson } from "@cloudphone/shared/storable";
import type { Database } from "better-sqlite3";
import type { DeviceRow, InboxRow, RunRow, StoreTx } from "./store.ts";

interface Stored {
  row: string;
}

/** The statements behind StoreTx. Rows are JSON: the store is this agent's alone, and nothing is searched by their fields. */
export function createStoreTx(db: Database, source: Source, emitted: () => void): StoreTx {
  const one = <T>(sql: string) => {
    const statement = db.prepare<[string], Stored>(sql);
    return (key: string): T | null => {
      const found = statement.get(key);
      return found ? (JSON.parse(found.row) as T) : null;
    };
  };
  const all = <T>(sql: string) => {
    const statement = db.prepare<[], Stored>(sql);
    return (): T[] => statement.all().map((found) => JSON.parse(found.row) as T);
  };
  const insertEvent = db.prepare("insert into outbox (event) values (?)");
  const putDevice = db.prepare(
    "insert into devices values (?, ?) on conflict (device_id) do update set row = excluded.row",
  );
  const putRun = db.prepare(
    "insert into runs values (?, ?, ?, ?) on conflict (run_id) do update set row = excluded.row, confirmed_ms = excluded.confirmed_ms",
  );
  const putInbox = db.prepare(
    "insert into inbox values (?, ?, ?, ?) on conflict (command_id) do update set state = excluded.state, row = excluded.row",
  );
  const deleteDevice = db.prepare("delete from devices where device_id = ?");
  const deleteRun = db.prepare("delete from runs where run_id = ?");
  return {
    emit(draft, cause) {
      const envelope: Envelope = {
        id: source.id(),
        type: draft.type,
        version: newestVersion(draft.type),
        subject: draft.subject,
        occurredAt: new Date(source.now()).toISOString(),
        correlationId: cause.correlationId,
        causationId: cause.causationId,
        data: draft.data,
      };
      insertEvent.run(storableJson(envelope));
      emitted();
    },
    device: one<DeviceRow>("select row from devices where device_id = ?"),
    devices: all<DeviceRow>("select row from devices"),
    putDevice: (row) => void putDevice.run(row.deviceId, JSON.stringify(row)),
    deleteDevice: (deviceId) => void deleteDevice.run(deviceId),
    run: one<RunRow>("select row from runs where device_id = ?"),
    runs: all<RunRow>("select row from runs"),
    putRun: (row) => void putRun.run(row.runId, row.deviceId, JSON.stringify(row), row.confirmedMs),
    deleteRun: (runId) => void deleteRun.run(runId),
    inbox: one<InboxRow>("select row from inbox where command_id = ?"),
    openCommands: all<InboxRow>(
      "select row from inbox where state <> 'done' order by at, command_id",
    ),
    putInbox: (row) =>
      void putInbox.run(row.command.id, row.state, JSON.stringify(row), source.now()),
  };
}
