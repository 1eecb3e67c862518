import {
  ApiOutlined,
  AppstoreOutlined,
  AuditOutlined,
  BarChartOutlined,
  BellOutlined,
  BranchesOutlined,
  BuildOutlined,
  CloudServerOutlined,
  DashboardOutlined,
  FileTextOutlined,
  KeyOutlined,
  LineChartOutlined,
  MobileOutlined,
  NodeIndexOutlined,
  SafetyOutlined,
  SendOutlined,
  SettingOutlined,
  ShoppingOutlined,
  TableOutlined,
  TagsOutlined,
  TeamOutlined,
  UserOutlined,
  WalletOutlined,
  WarningOutlined,
} from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useUser } from "./use-user.ts";

const customerPages = [
  ["/", "phones", <MobileOutlined />],
  ["/plans", "buy", <ShoppingOutlined />],
  ["/wall", "wall", <TableOutlined />],
  ["/apps", "apps", <AppstoreOutlined />],
  ["/orders", "orders", <FileTextOutlined />],
  ["/usage", "usage", <BarChartOutlined />],
  ["/wallet", "wallet", <WalletOutlined />],
] as const;

const personalPages = [
  ["/notifications", "notifications", <BellOutlined />],
  ["/webhooks", "webhooks", <SendOutlined />],
  ["/keys", "keys", <KeyOutlined />],
  ["/profile", "profile", <UserOutlined />],
] as const;

const operatorGroups = [
  [
    "running",
    [
      ["/overview", "overview", <DashboardOutlined />],
      ["/hosts", "hosts", <CloudServerOutlined />],
      ["/devices", "devices", <MobileOutlined />],
      ["/wall", "wall", <TableOutlined />],
      ["/apps", "apps", <AppstoreOutlined />],
    ],
  ],
  [
    "selling",
    [
      ["/plans", "plans", <TagsOutlined />],
      ["/orders", "orders", <FileTextOutlined />],
      ["/ledger", "ledger", <WalletOutlined />],
      ["/usage", "usage", <BarChartOutlined />],
      ["/figures", "figures", <LineChartOutlined />],
      ["/users", "users", <TeamOutlined />],
      ["/roles", "roles", <SafetyOutlined />],
    ],
  ],
  [
    "watching",
    [
      ["/events", "events", <NodeIndexOutlined />],
      ["/sagas", "sagas", <BranchesOutlined />],
      ["/consumers", "consumers", <ApiOutlined />],
      ["/dead-letters", "deadLetters", <WarningOutlined />],
      ["/projections", "projections", <BuildOutlined />],
      ["/audit", "audit", <AuditOutlined />],
      ["/settings", "settings", <SettingOutlined />],
    ],
  ],
] as const;

type Entry =
  | (typeof customerPages)[number]
  | (typeof personalPages)[number]
  | (typeof operatorGroups)[number][1][number];

/** The pages that somebody of this role has, and where they are now. */
export function Navigation({ id, onChosen }: { readonly id: string; onChosen(): void }) {
  const { t } = useTranslation();
  const isCustomer = useUser()?.role === "customer";
  return (
    <nav id={id} aria-label={t("nav.label")} onClick={onChosen}>
      {isCustomer ? (
        <Group title={null} pages={customerPages} />
      ) : (
        operatorGroups.map(([group, pages]) => (
          <Group key={group} title={t(`nav.group.${group}`)} pages={pages} />
        ))
      )}
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
