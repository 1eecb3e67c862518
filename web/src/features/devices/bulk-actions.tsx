import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Popconfirm, Progress, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Device, refusalOf } from "../../api.ts";
import { useRefusalWords } from "../../ui/use-refusal-words.ts";
import { useUser } from "../../ui/use-user.ts";
import { forEach, type ItemResult } from "./each.ts";
import { Dialog } from "../../ui/dialog.tsx";

type Action = "start" | "stop" | "restart" | "destroy";

const atOnce = 4;
const pauseMs = 1000;

const doing: Record<Action, (device: string) => Promise<unknown>> = {
  start: (device) => api.devices.start.mutate({ device }),
  stop: (device) => api.devices.stop.mutate({ device }),
  restart: (device) => api.devices.restart.mutate({ device, idempotencyKey: crypto.randomUUID() }),
  destroy: (device) => api.devices.destroy.mutate({ device }),
};

interface BulkActionsProps {
  readonly devices: readonly Device[];
  onDone(): void;
}

interface Run {
  readonly action: Action;
  readonly devices: readonly Device[];
  readonly results: readonly ItemResult<Device>[];
}

/** What can be done with all chosen devices at once, and how it went with each. */
export function BulkActions({ devices, onDone }: BulkActionsProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const isAdmin = useUser()?.role === "admin";
  const [run, setRun] = useState<Run | null>(null);
  const begin = async (action: Action): Promise<void> => {
    setRun({ action, devices, results: [] });
    await forEach(devices, ({ deviceId }) => doing[action](deviceId), {
      atOnce,
      retryAfterMs: (error) => (refusalOf(error).code === "rate_limited" ? pauseMs : null),
      onResult: (result) =>
        setRun((before) => before && { ...before, results: [...before.results, result] }),
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    await client.invalidateQueries({ queryKey: ["devices.page"] });
  };
  const close = (): void => {
    setRun(null);
    onDone();
  };
  return (
    <div className="filters" role="toolbar" aria-label={t("devices.bulk")}>
      {(["start", "stop", "restart"] as const).map((action) => (
        <Button key={action} disabled={devices.length === 0} onClick={() => void begin(action)}>
          {t(`devices.${action}`)}
        </Button>
      ))}
      <Link
        to="/wall"
        search={{ id: devices.map(({ deviceId }) => deviceId).join(",") }}
        disabled={devices.length === 0}
        className="button"
      >
        {t("devices.watch")}
      </Link>
      <Popconfirm
        title={t("devices.destroyQuestion", { count: devices.length })}
        okText={t("devices.destroy")}
        cancelText={t("app.cancel")}
        onConfirm={() => void begin("destroy")}
      >
        <Button danger disabled={devices.length === 0 || !isAdmin}>
          {t("devices.destroy")}
        </Button>
      </Popconfirm>
      {devices.length > 0 && (
        <span role="status">{t("devices.chosen", { count: devices.length })}</span>
      )}
      {run && <Results run={run} onClose={close} />}
    </div>
  );
}

function Results({ run, onClose }: { readonly run: Run; onClose(): void }) {
  const { t } = useTranslation();
  const words = useRefusalWords();
  const { action, devices, results } = run;
  const failed = results.filter(({ trouble }) => trouble !== null);
  const isOver = results.length === devices.length;
  return (
    <Dialog
      title={t(`devices.${action}`)}
      closable={isOver}
      onCancel={onClose}
      footer={
        <Button type="primary" disabled={!isOver} onClick={onClose}>
          {t("app.close")}
        </Button>
      }
    >
      <Progress
        percent={Math.round((results.length / devices.length) * 100)}
        status={failed.length > 0 ? "exception" : isOver ? "success" : "active"}
        aria-label={t(`devices.${action}`)}
      />
      <p role="status">
        {t("devices.results", { done: results.length - failed.length, failed: failed.length })}
      </p>
      <ul className="items choices">
        {results.map(({ item, trouble }) => (
          <li key={item.deviceId}>
            <bdi className="name">{item.name}</bdi>
            <Tag color={trouble === null ? "success" : "error"}>
              {t(trouble === null ? "devices.ok" : "devices.refused")}
            </Tag>
            {trouble !== null && <bdi className="faint">{words(trouble)}</bdi>}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
