import {
  AppstoreOutlined,
  BarChartOutlined,
  FileTextOutlined,
  KeyOutlined,
  MobileOutlined,
  ShoppingOutlined,
  UserOutlined,
  WalletOutlined,
} from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

const customerPages = [
  ["/", "phones", <MobileOutlined />],
  ["/plans", "buy", <ShoppingOutlined />],
  ["/apps", "apps", <AppstoreOutlined />],
  ["/orders", "orders", <FileTextOutlined />],
  ["/usage", "usage", <BarChartOutlined />],
  ["/wallet", "wallet", <WalletOutlined />],
] as const;

const personalPages = [
  ["/keys", "keys", <KeyOutlined />],
  ["/profile", "profile", <UserOutlined />],
] as const;

type Entry = (typeof customerPages)[number] | (typeof personalPages)[number];

/** The pages that somebody of this role has, and where they are now. */
export function Navigation({ id, onChosen }: { readonly id: string; onChosen(): void }) {
  const { t } = useTranslation();
  return (
    <nav id={id} aria-label={t("nav.label")} onClick={onChosen}>
      <Group title={null} pages={customerPages} />
      <Group title={t("nav.group.mine")} pages={personalPages} />
    </nav>
  );
}

interface GroupProps {
  readonly title: string | null;
  readonly pages: readonly Entry[];
}

function Group({ title, pages }: GroupProps) {
  const { t } = useTranslation();
  return (
    <section>
      {title !== null && <h2>{title}</h2>}
      <ul>
        {pages.map(([to, word, icon]: readonly [Entry[0], Entry[1], ReactNode]) => (
          <li key={to}>
            <Link to={to} activeOptions={{ exact: to === "/", includeSearch: false }}>
              {icon}
              {t(`nav.${word}`)}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
