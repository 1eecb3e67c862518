import { Button, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { useAct } from "../../ui/use-act.ts";

interface Wish {
  readonly current: string;
  readonly password: string;
}

const minPassword = 10;

/** Chooses another password; every other sign-in ends with it. */
export function ChangePassword({ onDone }: { onDone?(): void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Wish>();
  const change = useAct((wish: Wish) => api.accounts.changePassword.mutate(wish), {
    changes: ["signIns."],
    done: t("account.changed"),
    onDone: () => {
      form.resetFields();
      onDone?.();
    },
  });
  return (
    <Form<Wish>
      form={form}
      layout="vertical"
      requiredMark={false}
      onFinish={(wish) => change.mutate(wish)}
    >
      <Form.Item
        name="current"
        label={t("account.current")}
        rules={[{ required: true, message: t("signIn.needed") }]}
      >
        <Input.Password autoComplete="current-password" />
      </Form.Item>
      <Form.Item
        name="password"
        label={t("account.next")}
        rules={[{ required: true, min: minPassword, message: t("users.passwordShort") }]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Button htmlType="submit" loading={change.isPending}>
        {t("account.change")}
      </Button>
    </Form>
  );
}
