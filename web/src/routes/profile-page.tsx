import { Card, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { chooseLanguage, languages } from "../i18n/i18n.ts";
import { PageFrame } from "../ui/page-frame.tsx";
import { useUser } from "../ui/use-user.ts";

/** Who is signed in, and how they like the page. */
export function ProfilePage() {
  const { t, i18n } = useTranslation();
  const user = useUser();
  if (!user) return null;
  return (
    <PageFrame title={t("profile.title")}>
      <div className="columns">
        <Card size="small" title={t("profile.account")}>
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
          </dl>
        </Card>
        <Card size="small" title={t("app.language")}>
          <Segmented
            aria-label={t("app.language")}
            value={i18n.language}
            onChange={(value) => void chooseLanguage(value === "zh-CN" ? "zh-CN" : "en")}
            options={Object.entries(languages).map(([value, label]) => ({ value, label }))}
          />
          <p className="lead">{t("profile.themeHint")}</p>
        </Card>
      </div>
    </PageFrame>
  );
}
