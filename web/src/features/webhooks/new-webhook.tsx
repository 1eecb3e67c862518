import { type NotificationKind, notificationKinds } from "@cloudphone/shared/notifications";
import { Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { SecretDialog } from "../../ui/secret-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";

interface Wish {
  readonly url: string;
  readonly kinds: NotificationKind[];
}

const kinds = Object.keys(notificationKinds) as NotificationKind[];

/** Asks for an address, then shows the secret that its messages are signed with: once. */
export function NewWebhook({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const create = useAct((wish: Wish) => api.webhooks.create.mutate(wish), {
    changes: ["webhooks."],
  });
  if (create.data)
    return (
      <SecretDialog
        title={t("webhooks.secret")}
        warning={t("webhooks.secretOnce")}
        secret={create.data.secret}
        onClose={onClose}
      />
    );
  return (
    <FormDialog title={t("webhooks.create")} act={create} initial={{ kinds: [] }} onClose={onClose}>
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
    </FormDialog>
  );
}
