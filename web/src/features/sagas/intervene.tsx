import { Button, Form, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type SagaDetail } from "../../api.ts";
import { useAct } from "../../ui/use-act.ts";

const wishes = ["retry", "compensate"] as const;
type Wish = (typeof wishes)[number];

/** What a person may have a saga do from where it stands; nothing of one that has ended. */
export function Intervene({ saga: { id, possible } }: { readonly saga: SagaDetail }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Wish | null>(null);
  return (
    <>
      {wishes
        .filter((wish) => possible[wish])
        .map((wish) => (
          <Button key={wish} danger={wish === "compensate"} onClick={() => setAsked(wish)}>
            {t(`sagas.wish.${wish}`)}
          </Button>
        ))}
      {asked !== null && <Ask id={id} wish={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

interface AskProps {
  readonly id: string;
  readonly wish: Wish;
  onClose(): void;
}

function Ask({ id, wish, onClose }: AskProps) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ reason: string }>();
  const act = useAct(
    ({ reason }: { reason: string }, idempotencyKey) =>
      api.sagas[wish].mutate({ id, reason, idempotencyKey }),
    {
      changes: ["sagas.", "events.", "orders.", "audit."],
      done: t(`sagas.wishDone.${wish}`),
      onDone: onClose,
    },
  );
  return (
    <Modal
      open
      title={t(`sagas.wish.${wish}`)}
      okText={t(`sagas.wish.${wish}`)}
      okButtonProps={{ danger: wish === "compensate" }}
      cancelText={t("app.cancel")}
      confirmLoading={act.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <p>{t(`sagas.wishMeans.${wish}`)}</p>
      <Form<{ reason: string }>
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(said) => act.mutate(said)}
      >
        <Form.Item
          name="reason"
          label={t("orders.reason")}
          rules={[
            {
              required: true,
              whitespace: true,
              min: 3,
              max: 300,
              message: t("sagas.reasonNeeded"),
            },
          ]}
        >
          <Input maxLength={300} autoFocus />
        </Form.Item>
      </Form>
    </Modal>
  );
}
