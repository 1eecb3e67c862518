import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { ChangePassword } from "../features/account/change-password.tsx";
import { SignIns } from "../features/account/sign-ins.tsx";
import { chooseLanguage, languages } from "../i18n/i18n.ts";
import { PageFrame } from "../ui/page-frame.tsx";
import { useUser } from "../ui/use-user.ts";
import { Panel } from "../ui/panel.tsx";

/** Who is signed in and where, and how they like the page. */
export function ProfilePage() {
  const { t } = useTranslation();
  return (
    <PageFrame title={t("profile.title")}>
      <div className="columns">
        <Account />
        <Panel title={t("account.change")}>
          <ChangePassword />
        </Panel>
        <Panel title={t("account.signIns")}>
          <SignIns />
        </Panel>
      </div>
    </PageFrame>
  );
}

function Account() {
  const { t, i18n } = useTranslation();
  const user = useUser();
  if (!user) return null;
  return (
    <Panel title={t("profile.account")}>
      <dl className="facts-list">
        <div>
          <dt>{t("signIn.email")}</dt>
          <dd>{user.email}</dd>
        </div>
        <div>
          <dt>{t("profile.role")}</dt>
          <dd>{t(`profile.roles.${user.role}`, { defaultValue: user.role })}</dd>
        </div>
        <div>
          <dt>{t("app.id")}</dt>
          <dd>{user.userId}</dd>
        </div>
        <div>
          <dt>{t("app.language")}</dt>
          <dd>
            <Segmented
              aria-label={t("app.language")}
              value={i18n.language}
              onChange={(value) => void chooseLanguage(value === "zh-CN" ? "zh-CN" : "en")}
              options={Object.entries(languages).map(([value, label]) => ({ value, label }))}
            />
          </dd>
        </div>
      </dl>
      <p className="lead">{t("profile.themeHint")}</p>
    </Panel>
  );
}
