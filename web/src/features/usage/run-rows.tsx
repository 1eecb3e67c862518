import { Link } from "@tanstack/react-router";
import { Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type UsageLine } from "../../api.ts";
import { Rows } from "../../ui/rows.tsx";
import { useFormats } from "../../ui/use-formats.ts";

const colours: Record<UsageLine["state"], string> = {
  open: "success",
  charged: "default",
  waiting: "processing",
  free: "default",
};

/** Every run of a phone, newest first. */
export function RunRows() {
  const { t } = useTranslation();
  const { money, time, duration } = useFormats();
  return (
    <Rows<UsageLine>
      label={t("usage.runs")}
      queryKey={["usage.list"]}
      isStacked
      page={(after, limit) =>
        api.usage.list.query({ limit, ...(after && { before: after.runId }) })
      }
      rowKey={({ runId }) => runId}
      empty={t("usage.none")}
      columns={[
        { title: t("usage.startedAt"), render: (_, { startedAt }) => time(startedAt) },
        {
          title: t("orders.plan"),
          responsive: ["sm"],
          render: (_, { orderId, planName }) => (
            <Link to="/orders/$order" params={{ order: orderId }}>
              <bdi>{planName ?? t("phones.noPlan")}</bdi>
            </Link>
          ),
        },
        {
          title: t("usage.ran"),
          render: (_, { durationMs, confirmedMs }) => duration(durationMs ?? confirmedMs),
        },
        {
          title: t("list.state"),
          responsive: ["md"],
          render: (_, { state }) => <Tag color={colours[state]}>{t(`usage.state.${state}`)}</Tag>,
        },
        {
          title: t("usage.cost"),
          align: "right",
          render: (_, { amountMinor, currency }) =>
            currency === null ? "" : money(amountMinor, currency),
        },
      ]}
    />
  );
}
