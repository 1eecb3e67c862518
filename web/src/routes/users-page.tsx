import { PlusOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Button, type TableProps } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Account } from "../api.ts";
import { NewAccount } from "../features/users/new-account.tsx";
import { ResetPassword } from "../features/users/reset-password.tsx";
import { SetRole } from "../features/users/set-role.tsx";
import { TopUp } from "../features/users/top-up.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { useFormats } from "../ui/use-formats.ts";
import { useUser } from "../ui/use-user.ts";

type Columns = NonNullable<TableProps<Account>["columns"]>;

/** Everybody who has an account. */
export function UsersPage() {
  const { t } = useTranslation();
  const isAdmin = useUser()?.role === "admin";
  const [isNew, setNew] = useState(false);
  const [search, setSearch] = useState("");
  return (
    <PageFrame
      title={t("nav.users")}
      actions={
        <Button
          type="primary"
          icon={<PlusOutlined />}
          disabled={!isAdmin}
          onClick={() => setNew(true)}
        >
          {t("users.create")}
        </Button>
      }
    >
      <div className="filters">
        <SearchBox label={t("users.search")} value={search} onChange={setSearch} />
      </div>
      <AccountRows search={search} />
      {isNew && <NewAccount onClose={() => setNew(false)} />}
    </PageFrame>
  );
}

function AccountRows({ search }: { readonly search: string }) {
  const { t } = useTranslation();
  const [credited, setCredited] = useState<Account | null>(null);
  return (
    <>
      <Rows<Account>
        label={t("nav.users")}
        queryKey={["accounts.list", search]}
        page={(after, limit) =>
          api.accounts.list.query({
            limit,
            ...(search && { search }),
            ...(after && { before: after.userId }),
          })
        }
        rowKey={({ userId }) => userId}
        empty={t("users.none")}
        columns={useColumns(setCredited)}
        isStacked
      />
      {credited && (
        <TopUp key={credited.userId} account={credited} onClose={() => setCredited(null)} />
      )}
    </>
  );
}

function useColumns(onCredit: (account: Account) => void): Columns {
  const { t } = useTranslation();
  const { time } = useFormats();
  return [
    {
      title: t("signIn.email"),
      render: (_, { email, userId }) => (
        <Link to="/users/$user" params={{ user: userId }}>
          <bdi>{email}</bdi>
        </Link>
      ),
    },
    {
      title: t("profile.role"),
      responsive: ["sm"],
      width: 180,
      render: (_, account) => <SetRole account={account} />,
    },
    {
      title: t("users.createdAt"),
      width: 200,
      responsive: ["md"],
      render: (_, { createdAt }) => time(createdAt),
    },
    {
      title: <span className="unseen">{t("list.actions")}</span>,
      align: "right",
      render: (_, account) => (
        <span className="row-actions">
          <ResetPassword account={account} />
          <Button
            size="small"
            aria-label={`${t("users.topUp")}: ${account.email}`}
            onClick={() => onCredit(account)}
          >
            {t("users.topUp")}
          </Button>
        </span>
      ),
    },
  ];
}
