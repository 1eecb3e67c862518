import { useQuery } from "@tanstack/react-query";
import { Button, Collapse, Empty, Progress, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Batch, type BatchItem } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";
import { Skeleton } from "../../ui/skeleton.tsx";

const movingMs = 1000;

/** Installs on many phones, newest first; opened, each phone's own result. */
export function BatchList() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const batches = useQuery({
    queryKey: ["apps.batches"],
    queryFn: () => api.apps.batches.query(),
    refetchInterval: ({ state }) =>
      state.data?.some(({ endedAt }) => endedAt === null) ? movingMs : false,
  });
  return (
    <Answer query={batches} lines={3}>
      {(found) =>
        found.length === 0 ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("apps.noInstalls")} />
        ) : (
          <Collapse
            destroyOnHidden
            items={found.map((batch) => ({
              key: batch.batchId,
              label: (
                <span className="two-lines">
                  <bdi>{batch.packageName}</bdi>
                  <span className="faint">{time(batch.requestedAt)}</span>
                </span>
              ),
              extra: <Counts batch={batch} />,
              children: <Items batch={batch} />,
            }))}
          />
        )
      }
    </Answer>
  );
}

function Counts({ batch: { counts } }: { readonly batch: Batch }) {
  const { t } = useTranslation();
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const over = counts.installed + counts.failed + counts.cancelled;
  return (
    <span className="counts">
      {t("apps.counts", { installed: counts.installed, all })}
      {counts.failed > 0 && <Tag color="error">{t("apps.failed", { count: counts.failed })}</Tag>}
      <Progress
        type="circle"
        size={20}
        showInfo={false}
        percent={all === 0 ? 0 : (over / all) * 100}
        status={counts.failed > 0 ? "exception" : "normal"}
        aria-label={t("apps.counts", { installed: counts.installed, all })}
      />
    </span>
  );
}

const colours: Record<BatchItem["status"], string> = {
  waiting: "default",
  installing: "processing",
  installed: "success",
  failed: "error",
  cancelled: "default",
};

function Items({ batch }: { readonly batch: Batch }) {
  const { t } = useTranslation();
  const { batchId, endedAt } = batch;
  const detail = useQuery({
    queryKey: ["apps.batch", batchId],
    queryFn: () => api.apps.batch.query({ batchId }),
    refetchInterval: endedAt === null ? movingMs : false,
  });
  const cancel = useAct((id: string) => api.apps.cancelBatch.mutate({ batchId: id }), {
    changes: ["apps."],
  });
  if (!detail.data) return <Skeleton />;
  return (
    <>
      <ul className="items">
        {detail.data.items.map(({ deviceId, device, status, reason }) => (
          <li key={deviceId}>
            <bdi className="name">{device}</bdi>
            <Tag color={colours[status]}>{t(`apps.status.${status}`)}</Tag>
            {reason !== null && <bdi className="faint">{reason}</bdi>}
          </li>
        ))}
      </ul>
      {endedAt === null && (
        <Button size="small" loading={cancel.isPending} onClick={() => cancel.mutate(batchId)}>
          {t("apps.cancel")}
        </Button>
      )}
    </>
  );
}
