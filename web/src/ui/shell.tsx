import LogoutOutlined from "@ant-design/icons-svg/es/asn/LogoutOutlined";
import MenuOutlined from "@ant-design/icons-svg/es/asn/MenuOutlined";
import WarningOutlined from "@ant-design/icons-svg/es/asn/WarningOutlined";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { queries } from "../api.ts";
import { Bell } from "../features/notifications/bell.tsx";
import { useLive } from "../live/use-live.ts";
import { signIn } from "../sign-in.ts";
import { Icon } from "./icon.tsx";
import { LanguageChoice } from "./language-choice.tsx";
import { Navigation } from "./navigation.tsx";
import { useHubAway } from "./use-hub-away.ts";
import { useUser } from "./use-user.ts";

/** What stands around every page of somebody who is signed in. */
export function Shell() {
  const { t } = useTranslation();
  const isAway = useHubAway();
  const [isOpen, setOpen] = useState(false);
  useLive();
  useFoundFocus();
  const closeOnEscape = ({ key }: KeyboardEvent): void => {
    if (key === "Escape") setOpen(false);
  };
  return (
    <div className="shell" data-menu={isOpen ? "open" : "closed"} onKeyDown={closeOnEscape}>
      <a className="skip" href="#main">
        {t("nav.skip")}
      </a>
      <Header isOpen={isOpen} onMenu={() => setOpen(!isOpen)} />
      {isAway && (
        <p className="banner" role="alert">
          <Icon of={WarningOutlined} />
          {t("app.hubAway")}
        </p>
      )}
      <div className="body">
        <Navigation id="navigation" onChosen={() => setOpen(false)} />
        <main id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </div>
  );
}

/** Whose link is gone with the page that it stood on goes on from the top of the new page, not of the frame. */
function useFoundFocus(): void {
  const pathname = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current !== pathname && document.activeElement === document.body)
      document.getElementById("main")?.focus({ preventScroll: true });
    before.current = pathname;
  }, [pathname]);
}

function Header({ isOpen, onMenu }: { readonly isOpen: boolean; onMenu(): void }) {
  const { t } = useTranslation();
  const user = useUser();
  const leave = (): void => {
    signIn.signOut().catch(() => undefined);
    queries.clear();
  };
  return (
    <header>
      <button
        type="button"
        className="button text menu"
        aria-label={t("nav.menu")}
        aria-expanded={isOpen}
        aria-controls="navigation"
        onClick={onMenu}
      >
        <Icon of={MenuOutlined} />
      </button>
      <Link to="/" className="brand">
        <img src="/icon.svg" alt="" width={24} height={24} />
        {t("app.name")}
      </Link>
      <span className="fill" />
      <span className="who">{user?.email}</span>
      <Bell />
      <LanguageChoice />
      <button
        type="button"
        className="button text"
        title={t("app.signOut")}
        aria-label={t("app.signOut")}
        onClick={leave}
      >
        <Icon of={LogoutOutlined} />
      </button>
    </header>
  );
}
