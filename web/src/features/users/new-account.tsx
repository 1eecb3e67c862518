import { Form, Input, Modal, Select } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { useAct } from "../../ui/use-act.ts";

const roles = ["customer", "operator", "admin"] as const;
const minPassword = 10;

interface Wish {
  readonly email: string;
  readonly password: string;
  readonly role: (typeof roles)[number];
}

export function NewAccount({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Wish>();
  const create = useAct(
    (wish: Wish, idempotencyKey) => api.accounts.create.mutate({ ...wish, idempotencyKey }),
    { changes: ["accounts."], onDone: onClose },
  );
  return (
    <Modal
      open
      title={t("users.create")}
      okText={t("users.create")}
      cancelText={t("app.cancel")}
      confirmLoading={create.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form<Wish>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ role: "customer" }}
        onFinish={(wish) => create.mutate(wish)}
      >
        <Form.Item
          name="email"
          label={t("signIn.email")}
          rules={[{ required: true, type: "email", message: t("signIn.emailWrong") }]}
        >
          <Input type="email" autoComplete="off" autoFocus />
        </Form.Item>
        <Form.Item
          name="password"
          label={t("signIn.password")}
          rules={[{ required: true, min: minPassword, message: t("users.passwordShort") }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item name="role" label={t("profile.role")}>
          <Select options={roles.map((value) => ({ value, label: t(`profile.roles.${value}`) }))} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
