import ApiOutlined from "@ant-design/icons-svg/es/asn/ApiOutlined";
import AppstoreOutlined from "@ant-design/icons-svg/es/asn/AppstoreOutlined";
import AuditOutlined from "@ant-design/icons-svg/es/asn/AuditOutlined";
import BarChartOutlined from "@ant-design/icons-svg/es/asn/BarChartOutlined";
import BellOutlined from "@ant-design/icons-svg/es/asn/BellOutlined";
import BranchesOutlined from "@ant-design/icons-svg/es/asn/BranchesOutlined";
import BuildOutlined from "@ant-design/icons-svg/es/asn/BuildOutlined";
import CloudServerOutlined from "@ant-design/icons-svg/es/asn/CloudServerOutlined";
import DashboardOutlined from "@ant-design/icons-svg/es/asn/DashboardOutlined";
import FileTextOutlined from "@ant-design/icons-svg/es/asn/FileTextOutlined";
import KeyOutlined from "@ant-design/icons-svg/es/asn/KeyOutlined";
import LineChartOutlined from "@ant-design/icons-svg/es/asn/LineChartOutlined";
import MobileOutlined from "@ant-design/icons-svg/es/asn/MobileOutlined";
import NodeIndexOutlined from "@ant-design/icons-svg/es/asn/NodeIndexOutlined";
import SafetyOutlined from "@ant-design/icons-svg/es/asn/SafetyOutlined";
import SendOutlined from "@ant-design/icons-svg/es/asn/SendOutlined";
import SettingOutlined from "@ant-design/icons-svg/es/asn/SettingOutlined";
import ShoppingOutlined from "@ant-design/icons-svg/es/asn/ShoppingOutlined";
import TableOutlined from "@ant-design/icons-svg/es/asn/TableOutlined";
import TagsOutlined from "@ant-design/icons-svg/es/asn/TagsOutlined";
import TeamOutlined from "@ant-design/icons-svg/es/asn/TeamOutlined";
import UserOutlined from "@ant-design/icons-svg/es/asn/UserOutlined";
import VideoCameraOutlined from "@ant-design/icons-svg/es/asn/VideoCameraOutlined";
import WalletOutlined from "@ant-design/icons-svg/es/asn/WalletOutlined";
import WarningOutlined from "@ant-design/icons-svg/es/asn/WarningOutlined";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Icon } from "./icon.tsx";
import { useUser } from "./use-user.ts";

const customerPages = [
  ["/", "phones", MobileOutlined],
  ["/plans", "buy", ShoppingOutlined],
  ["/wall", "wall", TableOutlined],
  ["/apps", "apps", AppstoreOutlined],
  ["/orders", "orders", FileTextOutlined],
  ["/usage", "usage", BarChartOutlined],
  ["/wallet", "wallet", WalletOutlined],
] as const;

const personalPages = [
  ["/notifications", "notifications", BellOutlined],
  ["/webhooks", "webhooks", SendOutlined],
  ["/keys", "keys", KeyOutlined],
  ["/profile", "profile", UserOutlined],
] as const;

const operatorGroups = [
  [
    "running",
    [
      ["/overview", "overview", DashboardOutlined],
      ["/hosts", "hosts", CloudServerOutlined],
      ["/devices", "devices", MobileOutlined],
      ["/wall", "wall", TableOutlined],
      ["/apps", "apps", AppstoreOutlined],
      ["/recordings", "recordings", VideoCameraOutlined],
    ],
  ],
  [
    "selling",
    [
      ["/plans", "plans", TagsOutlined],
      ["/orders", "orders", FileTextOutlined],
      ["/ledger", "ledger", WalletOutlined],
      ["/usage", "usage", BarChartOutlined],
      ["/figures", "figures", LineChartOutlined],
      ["/users", "users", TeamOutlined],
      ["/roles", "roles", SafetyOutlined],
    ],
  ],
  [
    "watching",
    [
      ["/events", "events", NodeIndexOutlined],
      ["/sagas", "sagas", BranchesOutlined],
      ["/consumers", "consumers", ApiOutlined],
      ["/dead-letters", "deadLetters", WarningOutlined],
      ["/projections", "projections", BuildOutlined],
      ["/audit", "audit", AuditOutlined],
      ["/settings", "settings", SettingOutlined],
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
        {pages.map(([to, word, icon]: Entry) => (
          <li key={to}>
            <Link to={to} activeOptions={{ exact: to === "/", includeSearch: false }}>
              <Icon of={icon} />
              {t(`nav.${word}`)}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
