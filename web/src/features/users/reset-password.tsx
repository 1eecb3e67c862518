import { Button, Popconfirm } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Account, api } from "../../api.ts";
import { SecretDialog } from "../../ui/secret-dialog.tsx";
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
        <SecretDialog
          title={t("users.temporary")}
          warning={t("users.temporaryHint")}
          secret={password}
          onClose={() => setPassword(null)}
        />
      )}
    </>
  );
}
