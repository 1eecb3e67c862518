import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Empty, Popconfirm, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Webhook } from "../api.ts";
import { DeliveryTable } from "../features/webhooks/delivery-table.tsx";
import { NewWebhook } from "../features/webhooks/new-webhook.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useAct } from "../ui/use-act.ts";
import { Panel } from "../ui/panel.tsx";

/** Addresses that notifications are sent to, and how each delivery went. */
export function WebhooksPage() {
  const { t } = useTranslation();
  const [isNew, setNew] = useState(false);
  const webhooks = useQuery({
    queryKey: ["webhooks.list"],
    queryFn: () => api.webhooks.list.query(),
  });
  return (
    <PageFrame
      title={t("nav.webhooks")}
      lead={t("webhooks.lead")}
      actions={
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setNew(true)}>
          {t("webhooks.create")}
        </Button>
      }
    >
      <Answer query={webhooks} lines={3}>
        {(found) =>
          found.length === 0 ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("webhooks.none")} />
          ) : (
            <div className="columns">
              {found.map((webhook) => (
                <WebhookCard key={webhook.webhookId} webhook={webhook} />
              ))}
            </div>
          )
        }
      </Answer>
      <h2 className="section">{t("webhooks.deliveries")}</h2>
      <DeliveryTable />
      {isNew && <NewWebhook onClose={() => setNew(false)} />}
    </PageFrame>
  );
}

function WebhookCard({ webhook }: { readonly webhook: Webhook }) {
  const { t } = useTranslation();
  const { webhookId, url, kinds, pausedReason } = webhook;
  const changes = { changes: ["webhooks."] };
  const test = useAct((id: string) => api.webhooks.test.mutate({ webhookId: id }), changes);
  const resume = useAct((id: string) => api.webhooks.resume.mutate({ webhookId: id }), changes);
  const remove = useAct((id: string) => api.webhooks.remove.mutate({ webhookId: id }), changes);
  return (
    <Panel>
      <bdi>{url}</bdi>
      <p>
        {kinds.length === 0 ? (
          <Tag>{t("webhooks.all")}</Tag>
        ) : (
          kinds.map((kind) => <Tag key={kind}>{t(`notifications.kind.${kind}`)}</Tag>)
        )}
      </p>
      {pausedReason !== null && (
        <Alert
          type="warning"
          className="above"
          title={<bdi>{pausedReason}</bdi>}
          action={
            <Button
              size="small"
              loading={resume.isPending}
              onClick={() => resume.mutate(webhookId)}
            >
              {t("webhooks.resume")}
            </Button>
          }
        />
      )}
      <span className="row-actions">
        <Button size="small" loading={test.isPending} onClick={() => test.mutate(webhookId)}>
          {t("webhooks.test")}
        </Button>
        <Popconfirm
          title={t("webhooks.removeQuestion")}
          okText={t("webhooks.remove")}
          cancelText={t("app.cancel")}
          onConfirm={() => remove.mutate(webhookId)}
        >
          <Button size="small" danger loading={remove.isPending}>
            {t("webhooks.remove")}
          </Button>
        </Popconfirm>
      </span>
    </Panel>
  );
}
