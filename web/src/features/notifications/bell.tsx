import BellOutlined from "@ant-design/icons-svg/es/asn/BellOutlined";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Icon } from "../../ui/icon.tsx";
import { useUnread } from "./use-unread.ts";

const mostShown = 99;

/** Leads to the notifications, and says how many are unread. */
export function Bell() {
  const { t } = useTranslation();
  const unread = useUnread();
  return (
    <Link
      to="/notifications"
      className="bell"
      aria-label={
        unread === 0 ? t("nav.notifications") : t("notifications.unread", { count: unread })
      }
      title={t("nav.notifications")}
    >
      <Icon of={BellOutlined} />
      {unread > 0 && (
        <span className="count" aria-hidden>
          {unread > mostShown ? `${mostShown}+` : unread}
        </span>
      )}
    </Link>
  );
}
