import { parseMinor } from "@cloudphone/shared/money";
import { useQuery } from "@tanstack/react-query";
import { Form, Input, Modal } from "antd";
import { useTranslation } from "react-i18next";
import { type Account, api } from "../../api.ts";
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
  const [form] = Form.useForm<Wish>();
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
    <Modal
      open
      title={<bdi>{t("users.topUpTitle", { email })}</bdi>}
      okText={t("users.topUp")}
      cancelText={t("app.cancel")}
      confirmLoading={topUp.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      {wallet.data && (
        <p>
          {t("wallet.balance")}: {money(wallet.data.balanceMinor, wallet.data.currency)}
        </p>
      )}
      <Form<Wish>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ reason: t("users.reason") }}
        onFinish={(wish) => topUp.mutate(wish)}
      >
        <Form.Item name="amount" label={t("wallet.amount")} rules={[amountRule]}>
          <Input inputMode="decimal" autoFocus placeholder="50.00" />
        </Form.Item>
        <Form.Item
          name="reason"
          label={t("orders.reason")}
          rules={[{ required: true, whitespace: true, max: 200, message: t("signIn.needed") }]}
        >
          <Input maxLength={200} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
