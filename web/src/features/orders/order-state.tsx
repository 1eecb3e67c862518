import { Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { Order } from "../../api.ts";

const colours: Record<Order["state"], string> = {
  pending: "processing",
  paid: "success",
  cancelled: "error",
  ended: "default",
};

export function OrderState({ state }: { readonly state: Order["state"] }) {
  const { t } = useTranslation();
  return <Tag color={colours[state]}>{t(`orders.state.${state}`)}</Tag>;
}
