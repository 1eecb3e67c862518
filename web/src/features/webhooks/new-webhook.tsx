import { type NotificationKind, notificationKinds } from "@cloudphone/shared/notifications";
import { Alert, Button, Form, Input, Modal, Select } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { CopyText } from "../../ui/copy-text.tsx";
import { useAct } from "../../ui/use-act.ts";

interface Wish {
  readonly url: string;
  readonly kinds: NotificationKind[];
}

const kinds = Object.keys(notificationKinds) as NotificationKind[];

/** Asks for an address, then shows the secret that its messages are signed with: once. */
export function NewWebhook({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Wish>();
  const create = useAct((wish: Wish) => api.webhooks.create.mutate(wish), {
    changes: ["webhooks."],
  });
  if (create.data) return <Made secret={create.data.secret} onClose={onClose} />;
  return (
    <Modal
      open
      title={t("webhooks.create")}
      okText={t("webhooks.create")}
      cancelText={t("app.cancel")}
      confirmLoading={create.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form<Wish>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ kinds: [] }}
        onFinish={(wish) => create.mutate(wish)}
      >
        <Form.Item
          name="url"
          label={t("webhooks.url")}
          rules={[{ required: true, type: "url", message: t("webhooks.urlWrong") }]}
        >
          <Input autoFocus maxLength={2000} placeholder="https://example.com/cloudphone" />
        </Form.Item>
        <Form.Item name="kinds" label={t("webhooks.kinds")}>
          <Select
            mode="multiple"
            placeholder={t("webhooks.all")}
            options={kinds.map((value) => ({ value, label: t(`notifications.kind.${value}`) }))}
          />
        </Form.Item>
      </Form>
    </Modal>
  );
}

function Made({ secret, onClose }: { readonly secret: string; onClose(): void }) {
  const { t } = useTranslation();
  return (
    <Modal
      open
      title={t("webhooks.secret")}
      closable={false}
      footer={
        <Button type="primary" onClick={onClose}>
          {t("keys.noted")}
        </Button>
      }
    >
      <Alert type="warning" showIcon title={t("webhooks.secretOnce")} className="above" />
      <CopyText isBlock text={secret} label={t("webhooks.secret")} />
    </Modal>
  );
}
