import WarningOutlined from "@ant-design/icons-svg/es/asn/WarningOutlined";
import { useTranslation } from "react-i18next";
import { Icon } from "./icon.tsx";

/** Where a page should be that could not be loaded or drawn: whoever waits for it is told, and can try again. */
export function Broken() {
  const { t } = useTranslation();
  return (
    <div className="refused" role="alert">
      <Icon of={WarningOutlined} />
      <p>{t("app.broken")}</p>
      <button type="button" className="button" onClick={() => window.location.reload()}>
        {t("app.reload")}
      </button>
    </div>
  );
}
