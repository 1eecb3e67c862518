import { Alert, Button, Modal, Popconfirm } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Account, api } from "../../api.ts";
import { CopyText } from "../../ui/copy-text.tsx";
import { useAct } from "../../ui/use-act.ts";

/** Gives somebody who has lost theirs a password for one sign-in; every sign-in they have ends. */
export function ResetPassword({ account: { email } }: { readonly account: Account }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState<string | null>(null);
  const reset = useAct((account: string) => api.accounts.resetPassword.mutate({ account }), {
    changes: ["accounts."],
    onDone: (answer) => setPassword(answer.password),
  });
  return (
    <>
      <Popconfirm
        title={t("users.resetQuestion")}
        okText={t("users.reset")}
        cancelText={t("app.cancel")}
        onConfirm={() => reset.mutate(email)}
      >
        <Button size="small" loading={reset.isPending} aria-label={`${t("users.reset")}: ${email}`}>
          {t("users.reset")}
        </Button>
      </Popconfirm>
      {password !== null && (
        <Modal
          open
          title={t("users.temporary")}
          closable={false}
          footer={
            <Button type="primary" onClick={() => setPassword(null)}>
              {t("keys.noted")}
            </Button>
          }
        >
          <Alert type="warning" showIcon className="above" title={t("users.temporaryHint")} />
          <CopyText isBlock text={password} label={t("users.temporary")} />
        </Modal>
      )}
    </>
  );
}
