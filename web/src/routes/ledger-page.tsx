import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Alert, Select, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type LedgerTransaction } from "../api.ts";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { useFormats } from "../ui/use-formats.ts";

const kinds = ["topup", "hold", "capture", "void", "usage", "refund"] as const;

/** Every movement of money with both its sides, and whether all of it adds up. */
export function LedgerPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/signed-in/ledger" });
  const navigate = useNavigate();
  const kind = kinds.find((one) => one === search.state);
  const narrow = (q: string, state: string | undefined): void =>
    void navigate({
      to: "/ledger",
      replace: true,
      search: { ...(q && { q }), ...(state && { state }) },
    });
  return (
    <PageFrame title={t("nav.ledger")}>
      <Soundness />
      <div className="filters">
        <SearchBox
          label={t("ledger.search")}
          value={search.q ?? ""}
          onChange={(q) => narrow(q, search.state)}
        />
        <Select
          aria-label={t("ledger.kind")}
          allowClear
          placeholder={t("ledger.kind")}
          {...(kind && { value: kind })}
          onChange={(chosen?: string) => narrow(search.q ?? "", chosen)}
          options={kinds.map((value) => ({ value, label: t(`wallet.kind.${value}`) }))}
        />
      </div>
      <TransactionRows search={search.q ?? ""} kind={kind} />
    </PageFrame>
  );
}

function Soundness() {
  const { t } = useTranslation();
  const { data } = useQuery({
    queryKey: ["ledger.verify"],
    queryFn: () => api.ledger.verify.query(),
    staleTime: 60_000,
  });
  if (!data) return null;
  return (
    <Alert
      showIcon
      className="above"
      type={data.sound ? "success" : "error"}
      title={t(data.sound ? "ledger.sound" : "ledger.unsound")}
    />
  );
}

interface TransactionRowsProps {
  readonly search: string;
  readonly kind: string | undefined;
}

function TransactionRows({ search, kind }: TransactionRowsProps) {
  const { t } = useTranslation();
  const { instant } = useFormats();
  return (
    <Rows<LedgerTransaction>
      label={t("nav.ledger")}
      queryKey={["ledger.transactions", search, kind]}
      around={360}
      isStacked
      page={(after, limit) =>
        api.ledger.transactions.query({
          limit,
          ...(after && { before: after.id }),
          ...(search && { search }),
          ...(kind && { kind }),
        })
      }
      rowKey={({ id }) => id}
      empty={t("wallet.none")}
      columns={[
        { title: t("list.time"), width: 180, render: (_, { at }) => instant(at) },
        {
          title: t("ledger.kind"),
          width: 100,
          render: (_, one) => <Tag>{t(`wallet.kind.${one.kind}`, { defaultValue: one.kind })}</Tag>,
        },
        {
          title: t("wallet.what"),
          responsive: ["md"],
          render: (_, { memo, reference }) => (
            <div className="two-lines">
              <bdi>{memo}</bdi>
              <bdi className="faint">{reference}</bdi>
            </div>
          ),
        },
        { title: t("ledger.sides"), width: 300, render: (_, { sides }) => <Sides sides={sides} /> },
      ]}
    />
  );
}

function Sides({ sides }: Pick<LedgerTransaction, "sides">) {
  const { t } = useTranslation();
  const { money } = useFormats();
  return (
    <ul className="sides">
      {sides.map(({ account, userId, amountMinor, currency }) => (
        <li key={`${account} ${userId}`} title={userId ?? undefined}>
          <span>{t(`ledger.account.${account}`, { defaultValue: account })}</span>
          <span className={amountMinor < 0 ? "money out" : "money in"}>
            {money(amountMinor, currency)}
          </span>
        </li>
      ))}
    </ul>
  );
}
