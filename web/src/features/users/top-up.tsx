import { parseMinor } from "@cloudphone/shared/money";
import { useQuery } from "@tanstack/react-query";
import { Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { type Account, api } from "../../api.ts";
import { FormDialog, ReasonField } from "../../ui/form-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";

interface Wish {
  readonly amount: string;
  readonly reason: string;
}

interface TopUpProps {
  readonly account: Account;
  onClose(): void;
}

/** Puts money into somebody's wallet. */
export function TopUp({ account: { userId, email }, onClose }: TopUpProps) {
  const { t } = useTranslation();
  const { money } = useFormats();
  const wallet = useQuery({
    queryKey: ["wallet.show", userId],
    queryFn: () => api.wallet.show.query({ userId }),
  });
  const topUp = useAct(
    ({ amount, reason }: Wish, idempotencyKey) =>
      api.wallet.topup.mutate({
        userId,
        amountMinor: parseMinor(amount) ?? 0,
        reason,
        idempotencyKey,
      }),
    { changes: ["wallet.", "ledger."], done: t("users.toppedUp"), onDone: onClose },
  );
  const amountRule = {
    validator: (_: unknown, value: string) =>
      (parseMinor(value ?? "") ?? 0) <= 0
        ? Promise.reject(new Error(t("plans.amountWrong")))
        : Promise.resolve(),
  };
  return (
    <FormDialog
      title={t("users.topUpTitle", { email })}
      doText={t("users.topUp")}
      act={topUp}
      initial={{ reason: t("users.reason") }}
      lead={
        wallet.data && (
          <p>
            {t("wallet.balance")}: {money(wallet.data.balanceMinor, wallet.data.currency)}
          </p>
        )
      }
      onClose={onClose}
    >
      <Form.Item name="amount" label={t("wallet.amount")} rules={[amountRule]}>
        <Input inputMode="decimal" autoFocus placeholder="50.00" />
      </Form.Item>
      <ReasonField />
    </FormDialog>
  );
}
