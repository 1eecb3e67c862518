import { DownloadOutlined } from "@ant-design/icons";
import { formatMinor } from "@cloudphone/shared/money";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type StatementLine } from "../api.ts";
import { Answer } from "../ui/answer.tsx";
import { type CsvRow, download } from "../ui/csv.ts";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { useAct } from "../ui/use-act.ts";
import { useFormats } from "../ui/use-formats.ts";
import { Figure } from "../ui/figure.tsx";

const pageSize = 500;
const mostLines = 20_000;

/** A customer's money: what there is, what is set aside, and every line of how it came to be so. */
export function WalletPage() {
  const { t } = useTranslation();
  const { money } = useFormats();
  const wallet = useQuery({
    queryKey: ["wallet.show"],
    queryFn: () => api.wallet.show.query({}),
  });
  const save = useAct<null, void>(saveStatement, { changes: [] });
  return (
    <PageFrame
      title={t("wallet.title")}
      actions={
        <Button
          icon={<DownloadOutlined />}
          loading={save.isPending}
          onClick={() => save.mutate(null)}
        >
          {t("list.csv")}
        </Button>
      }
    >
      <Answer query={wallet} lines={3}>
        {({ balanceMinor, heldMinor, currency }) => (
          <>
            <div className="figures">
              <Figure name={t("wallet.balance")} value={money(balanceMinor, currency)} />
              <Figure name={t("wallet.held")} value={money(heldMinor, currency)} />
            </div>
            <Alert type="info" showIcon title={t("wallet.topUpHow")} />
          </>
        )}
      </Answer>
      <h2 className="section">{t("wallet.statement")}</h2>
      <StatementRows currency={wallet.data?.currency ?? "CNY"} />
    </PageFrame>
  );
}

function StatementRows({ currency }: { readonly currency: string }) {
  const { t } = useTranslation();
  const { money, time } = useFormats();
  return (
    <Rows<StatementLine>
      label={t("wallet.statement")}
      queryKey={["wallet.statement"]}
      isStacked
      page={async (after, limit) =>
        (await api.wallet.statement.query({ limit, ...(after && { before: after.id }) })).lines
      }
      rowKey={({ id }) => String(id)}
      empty={t("wallet.none")}
      columns={[
        { title: t("list.time"), render: (_, { at }) => time(at) },
        {
          title: t("wallet.what"),
          render: (_, { kind, memo }) => (
            <>
              <Tag>{t(`wallet.kind.${kind}`, { defaultValue: kind })}</Tag>
              <bdi className="memo">{memo}</bdi>
            </>
          ),
        },
        {
          title: t("wallet.amount"),
          align: "right",
          render: (_, { amountMinor }) => (
            <span className={amountMinor < 0 ? "money out" : "money in"}>
              {money(amountMinor, currency)}
            </span>
          ),
        },
        {
          title: t("wallet.after"),
          align: "right",
          responsive: ["sm"],
          render: (_, { balanceMinor }) => money(balanceMinor, currency),
        },
      ]}
    />
  );
}

async function saveStatement(): Promise<void> {
  const rows: CsvRow[] = [["line", "time", "kind", "memo", "reference", "amount", "balance"]];
  let before: number | null = null;
  while (rows.length < mostLines) {
    const page: { lines: StatementLine[]; next: number | null } = await api.wallet.statement.query({
      limit: pageSize,
      ...(before !== null && { before }),
    });
    rows.push(
      ...page.lines.map(
        (line): CsvRow => [
          line.id,
          line.at,
          line.kind,
          line.memo,
          line.reference,
          formatMinor(line.amountMinor, "").trim(),
          formatMinor(line.balanceMinor, "").trim(),
        ],
      ),
    );
    before = page.next;
    if (before === null) break;
  }
  download("cloudphone-statement.csv", rows);
}
