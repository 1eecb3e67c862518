import { Button, Popconfirm } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { useAct } from "../../ui/use-act.ts";

/** Gives a phone back, once it was asked whether that is meant: what is on it is deleted. */
export function EndOrder({ orderId }: { readonly orderId: string }) {
  const { t } = useTranslation();
  const { mutate, isPending } = useAct(
    (order: string, idempotencyKey) => api.orders.end.mutate({ orderId: order, idempotencyKey }),
    { changes: ["orders.", "devices.", "usage."], done: t("orders.ended") },
  );
  return (
    <Popconfirm
      title={t("orders.endQuestion")}
      description={t("orders.endWarning")}
      okText={t("orders.end")}
      cancelText={t("app.cancel")}
      onConfirm={() => mutate(orderId)}
    >
      <Button danger loading={isPending}>
        {t("orders.end")}
      </Button>
    </Popconfirm>
  );
}
