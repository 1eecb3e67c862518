import { Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useRoleChoices } from "../roles/use-role-choices.ts";

const minPassword = 10;

interface Wish {
  readonly email: string;
  readonly password: string;
  readonly role: string;
}

export function NewAccount({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const create = useAct(
    (wish: Wish, idempotencyKey) => api.accounts.create.mutate({ ...wish, idempotencyKey }),
    { changes: ["accounts."], onDone: onClose },
  );
  return (
    <FormDialog
      title={t("users.create")}
      act={create}
      initial={{ role: "customer" }}
      onClose={onClose}
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
        <Select options={useRoleChoices("customer")} />
      </Form.Item>
    </FormDialog>
  );
}
