import { useTranslation } from "react-i18next";
import { ChangePassword } from "../features/account/change-password.tsx";
import { signIn } from "../sign-in.ts";
import { LanguageChoice } from "../ui/language-choice.tsx";
import { Panel } from "../ui/panel.tsx";

/** All that somebody with a password for one sign-in can do: choose another. */
export function TemporaryPasswordPage() {
  const { t } = useTranslation();
  // The next token says that the password is one's own.
  const goOn = (): void => void signIn.renew().catch(() => undefined);
  return (
    <div className="sign-in">
      <title>{t("app.name")}</title>
      <div className="corner">
        <LanguageChoice />
      </div>
      <Panel>
        <h1 className="page-title">{t("account.temporary")}</h1>
        <p className="lead">{t("account.temporaryHint")}</p>
        <ChangePassword onDone={goOn} />
      </Panel>
    </div>
  );
}
