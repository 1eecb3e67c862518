import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Account, api } from "../api.ts";
import { Acts } from "../features/audit/acts.tsx";
import { Quota } from "../features/users/quota.tsx";
import { ResetPassword } from "../features/users/reset-password.tsx";
import { SetRole } from "../features/users/set-role.tsx";
import { TopUp } from "../features/users/top-up.tsx";
import { UserSignIns } from "../features/users/user-sign-ins.tsx";
import { Answer } from "../ui/answer.tsx";
import { Missing } from "../ui/missing.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { Panel } from "../ui/panel.tsx";
import { useFormats } from "../ui/use-formats.ts";

/** One account: its role, money, quota and sign-ins, and what was done with its rights. */
export function UserPage() {
  const { t } = useTranslation();
  const { user: id } = useParams({ from: "/signed-in/users/$user" });
  const accounts = useQuery({
    queryKey: ["accounts.list", "one", id],
    // The address of the page may hold anything.
    queryFn: () => api.accounts.list.query({ search: id.slice(0, 100) }),
  });
  const account = accounts.data?.find(({ userId }) => userId === id);
  return (
    <PageFrame title={account?.email ?? t("person.one")}>
      <Answer query={accounts}>
        {() => (account ? <Person account={account} /> : <Missing />)}
      </Answer>
    </PageFrame>
  );
}

function Person({ account }: { readonly account: Account }) {
  const { t } = useTranslation();
  return (
    <>
      <div className="columns">
        <Facts account={account} />
        <Quota account={account} />
        <UserSignIns account={account} />
      </div>
      {account.role !== "customer" && (
        <>
          <h2 className="section">{t("person.acts")}</h2>
          <Acts filter={{ by: account.email }} />
        </>
      )}
    </>
  );
}

function Facts({ account }: { readonly account: Account }) {
  const { t } = useTranslation();
  const { time, money } = useFormats();
  const [isCrediting, setCrediting] = useState(false);
  const { userId, createdAt } = account;
  const wallet = useQuery({
    queryKey: ["wallet.show", userId],
    queryFn: () => api.wallet.show.query({ userId }),
  }).data;
  return (
    <Panel title={t("person.facts")}>
      <dl className="facts-list">
        <div>
          <dt>{t("profile.role")}</dt>
          <dd>
            <SetRole account={account} />
          </dd>
        </div>
        <div>
          <dt>{t("users.createdAt")}</dt>
          <dd>{time(createdAt)}</dd>
        </div>
        {wallet && (
          <div>
            <dt>{t("wallet.balance")}</dt>
            <dd>{money(wallet.balanceMinor, wallet.currency)}</dd>
          </div>
        )}
        <div>
          <dt>{t("app.id")}</dt>
          <dd>{userId}</dd>
        </div>
      </dl>
      <p className="row-actions">
        <ResetPassword account={account} />
        <Button size="small" onClick={() => setCrediting(true)}>
          {t("users.topUp")}
        </Button>
      </p>
      {isCrediting && <TopUp account={account} onClose={() => setCrediting(false)} />}
    </Panel>
  );
}
