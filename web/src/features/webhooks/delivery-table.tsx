import { useQuery } from "@tanstack/react-query";
import { Button, Empty, Table, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Delivery } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";

const mostShown = 100;
const refreshMs = 5000;
const colours: Record<Delivery["state"], string> = {
  pending: "processing",
  delivered: "success",
  failed: "error",
};

/** What was sent to webhooks, and how each try went. */
export function DeliveryTable() {
  const { t } = useTranslation();
  const deliveries = useQuery({
    queryKey: ["webhooks.deliveries"],
    queryFn: () => api.webhooks.deliveries.query({ limit: mostShown }),
    refetchInterval: refreshMs,
  });
  return (
    <Answer query={deliveries} lines={3}>
      {(found) =>
        found.length === 0 ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("webhooks.noDeliveries")} />
        ) : (
          <Deliveries deliveries={found} />
        )
      }
    </Answer>
  );
}

function Deliveries({ deliveries }: { readonly deliveries: readonly Delivery[] }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const replay = useAct((deliveryId: string) => api.webhooks.replay.mutate({ deliveryId }), {
    changes: ["webhooks."],
  });
  return (
    <div className="rows" role="region" aria-label={t("webhooks.deliveries")}>
      <Table<Delivery>
        size="small"
        pagination={false}
        dataSource={deliveries}
        rowKey={({ deliveryId }) => deliveryId}
        columns={[
          { title: t("list.time"), render: (_, { createdAt }) => time(createdAt) },
          {
            title: t("list.state"),
            render: (_, { state, attempts }) => (
              <Tag color={colours[state]}>
                {t(`webhooks.state.${state}`)} ({attempts.length})
              </Tag>
            ),
          },
          {
            title: t("webhooks.last"),
            responsive: ["md"],
            render: (_, { attempts }) => {
              const last = attempts.at(-1);
              return last && <bdi>{last.error ?? last.status}</bdi>;
            },
          },
          {
            title: <span className="unseen">{t("list.actions")}</span>,
            align: "right",
            render: (_, { deliveryId, state }) =>
              state !== "pending" && (
                <Button size="small" onClick={() => replay.mutate(deliveryId)}>
                  {t("webhooks.replay")}
                </Button>
              ),
          },
        ]}
      />
    </div>
  );
}
