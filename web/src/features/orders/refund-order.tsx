import { parseMinor } from "@cloudphone/shared/money";
import { Button, Form, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Order } from "../../api.ts";
import { FormDialog, ReasonField } from "../../ui/form-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";

interface Wish {
  /** "9.90"; empty: all that is left. */
  readonly amount?: string;
  readonly reason: string;
}

/** Gives money of an order back to its customer's wallet. */
export function RefundOrder({ order }: { readonly order: Order }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t("orders.refund")}</Button>
      {isOpen && <Ask orderId={order.id} onClose={() => setOpen(false)} />}
    </>
  );
}

function Ask({ orderId, onClose }: { readonly orderId: string; onClose(): void }) {
  const { t } = useTranslation();
  const refund = useAct(
    ({ amount = "", reason }: Wish, idempotencyKey) => {
      const amountMinor = amount.trim() === "" ? null : parseMinor(amount);
      const wish = { orderId, reason, idempotencyKey };
      return api.orders.refund.mutate(amountMinor === null ? wish : { ...wish, amountMinor });
    },
    {
      changes: ["orders.", "wallet.", "ledger."],
      done: t("orders.refunded"),
      onDone: onClose,
    },
  );
  const amountRule = {
    validator: (_: unknown, value: string | undefined) =>
      (value ?? "").trim() === "" || (parseMinor(value ?? "") ?? 0) > 0
        ? Promise.resolve()
        : Promise.reject(new Error(t("plans.amountWrong"))),
  };
  return (
    <FormDialog title={t("orders.refund")} act={refund} onClose={onClose}>
      <Form.Item name="amount" label={t("orders.refundAmount")} rules={[amountRule]}>
        <Input inputMode="decimal" autoFocus />
      </Form.Item>
      <ReasonField />
    </FormDialog>
  );
}
