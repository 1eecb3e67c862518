import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { useFormats } from "../../ui/use-formats.ts";
import { Panel } from "../../ui/panel.tsx";

/** What somebody without a phone does next: money first, for without it nothing can be bought. */
export function FirstSteps() {
  const { t } = useTranslation();
  const { money } = useFormats();
  const { data: wallet } = useQuery({
    queryKey: ["wallet.show"],
    queryFn: () => api.wallet.show.query({}),
  });
  const isPoor = wallet !== undefined && wallet.balanceMinor <= 0;
  return (
    <Panel className="first-steps">
      <h2>{t("phones.empty")}</h2>
      <ol>
        <li data-done={wallet !== undefined && !isPoor}>
          <h3>{t("first.money")}</h3>
          <p>
            {wallet === undefined || isPoor
              ? t("first.noMoney")
              : t("first.haveMoney", { amount: money(wallet.balanceMinor, wallet.currency) })}
          </p>
          <Link to="/wallet" className="button">
            {t("nav.wallet")}
          </Link>
        </li>
        <li>
          <h3>{t("first.buy")}</h3>
          <p>{t("phones.emptyHint")}</p>
          <Link to="/plans" className={isPoor ? "button" : "button primary"}>
            {t("first.seePlans")}
          </Link>
        </li>
        <li>
          <h3>{t("first.use")}</h3>
          <p>{t("first.useHint")}</p>
        </li>
      </ol>
    </Panel>
  );
}
