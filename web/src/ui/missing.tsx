import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

export function Missing() {
  const { t } = useTranslation();
  return (
    <div className="refused">
      <p>{t("app.notFound")}</p>
      <Link to="/">{t("app.toPhones")}</Link>
    </div>
  );
}
