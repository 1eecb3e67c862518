import { LogoutOutlined } from "@ant-design/icons";
import { Link, Outlet } from "@tanstack/react-router";
import { Alert, Button, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { queries } from "../api.ts";
import { signIn } from "../sign-in.ts";
import { LanguageChoice } from "./language-choice.tsx";
import { useHubAway } from "./use-hub-away.ts";
import { useUser } from "./use-user.ts";

/** What stands around every page of somebody who is signed in. */
export function Shell() {
  const { t } = useTranslation();
  const user = useUser();
  const isAway = useHubAway();
  const leave = (): void => {
    signIn.signOut().catch(() => undefined);
    queries.clear();
  };
  return (
    <div className="shell">
      <header>
        <Link to="/" className="brand">
          <img src="/icon.svg" alt="" width={24} height={24} />
          {t("app.name")}
        </Link>
        <span className="fill" />
        <span className="who">{user?.email}</span>
        <LanguageChoice />
        <Tooltip title={t("app.signOut")}>
          <Button
            type="text"
            icon={<LogoutOutlined />}
            aria-label={t("app.signOut")}
            onClick={leave}
          />
        </Tooltip>
      </header>
      {isAway && <Alert banner type="warning" title={t("app.hubAway")} />}
      <main>
        <Outlet />
      </main>
    </div>
  );
}
