import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Table, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Account } from "../api.ts";
import { NewAccount } from "../features/users/new-account.tsx";
import { ResetPassword } from "../features/users/reset-password.tsx";
import { SetRole } from "../features/users/set-role.tsx";
import { TopUp } from "../features/users/top-up.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { useFormats } from "../ui/use-formats.ts";
import { useUser } from "../ui/use-user.ts";

/** Everybody who has an account. */
export function UsersPage() {
  const { t } = useTranslation();
  const isAdmin = useUser()?.role === "admin";
  const [isNew, setNew] = useState(false);
  const [search, setSearch] = useState("");
  const accounts = useQuery({
    queryKey: ["accounts.list"],
    queryFn: () => api.accounts.list.query(),
  });
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
      <Answer query={accounts}>
        {(found) => (
          <AccountTable
            accounts={found.filter(({ email }) => email.includes(search.toLowerCase()))}
          />
        )}
      </Answer>
      {isNew && <NewAccount onClose={() => setNew(false)} />}
    </PageFrame>
  );
}

function AccountTable({ accounts }: { readonly accounts: readonly Account[] }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const [credited, setCredited] = useState<Account | null>(null);
  return (
    <div className="rows" role="region" aria-label={t("nav.users")}>
      <Table<Account>
        size="small"
        pagination={accounts.length > 50 && { pageSize: 50, showSizeChanger: false }}
        dataSource={accounts}
        rowKey={({ userId }) => userId}
        columns={[
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
            render: (_, { role }) => (
              <Tag>{t(`profile.roles.${role}`, { defaultValue: role })}</Tag>
            ),
          },
          {
            title: t("users.createdAt"),
            responsive: ["md"],
            render: (_, { createdAt }) => time(createdAt),
          },
          {
            title: <span className="unseen">{t("list.actions")}</span>,
            align: "right",
            render: (_, account) => (
              <span className="row-actions">
                <SetRole account={account} />
                <ResetPassword account={account} />
                <Button
                  size="small"
                  aria-label={`${t("users.topUp")}: ${account.email}`}
                  onClick={() => setCredited(account)}
                >
                  {t("users.topUp")}
                </Button>
              </span>
            ),
          },
        ]}
      />
      {credited && (
        <TopUp key={credited.userId} account={credited} onClose={() => setCredited(null)} />
      )}
    </div>
  );
}
