import { Tag } from "antd";
import { useTranslation } from "react-i18next";
import type { Saga } from "../../api.ts";

const colours: Record<Saga["status"], string> = {
  running: "processing",
  completed: "success",
  compensated: "warning",
  needs_operator: "error",
};

export function SagaState({ status }: { readonly status: Saga["status"] }) {
  const { t } = useTranslation();
  return <Tag color={colours[status]}>{t(`sagas.status.${status}`)}</Tag>;
}
