import { Navigate, useSearch } from "@tanstack/react-router";
import { Alert, Button, Form, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { refusalOf } from "../api.ts";
import { signIn } from "../sign-in.ts";
import { LanguageChoice } from "../ui/language-choice.tsx";
import { useRefusalWords } from "../ui/use-refusal-words.ts";
import { useUser } from "../ui/use-user.ts";
import { Panel } from "../ui/panel.tsx";

interface Fields {
  readonly email: string;
  readonly password: string;
}

export function SignInPage() {
  const { to = "/" } = useSearch({ from: "/sign-in" });
  const { t } = useTranslation();
  const words = useRefusalWords();
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  if (useUser()) return <Navigate to={to} replace />;
  const enter = async ({ email, password }: Fields): Promise<void> => {
    setBusy(true);
    setTrouble(null);
    try {
      await signIn.signIn(email.trim(), password);
    } catch (error) {
      const isWrong = refusalOf(error).code === "unauthenticated";
      setTrouble(isWrong ? t("signIn.wrong") : words(error));
    } finally {
      setBusy(false);
    }
  };
  const required = { required: true, message: t("signIn.needed") };
  return (
    <div className="sign-in">
      <title>{t("app.name")}</title>
      <div className="corner">
        <LanguageChoice />
      </div>
      <Panel>
        <h1>{t("app.name")}</h1>
        <Form<Fields>
          layout="vertical"
          requiredMark={false}
          onFinish={(fields) => void enter(fields)}
        >
          <Form.Item
            name="email"
            label={t("signIn.email")}
            validateTrigger="onBlur"
            rules={[required, { type: "email", message: t("signIn.emailWrong") }]}
          >
            <Input type="email" autoComplete="username" autoFocus size="large" />
          </Form.Item>
          <Form.Item name="password" label={t("signIn.password")} rules={[required]}>
            <Input.Password autoComplete="current-password" size="large" />
          </Form.Item>
          {trouble && (
            <Form.Item>
              <Alert type="error" showIcon title={trouble} role="alert" />
            </Form.Item>
          )}
          <Button type="primary" htmlType="submit" size="large" block loading={isBusy}>
            {t("signIn.submit")}
          </Button>
        </Form>
      </Panel>
    </div>
  );
}
