import { useQuery } from "@tanstack/react-query";
import { Button, Empty, Result, Skeleton, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../api.ts";
import { PhoneCard } from "../features/phones/phone-card.tsx";
import { usePhones } from "../features/phones/use-phones.ts";
import { useRefusalWords } from "../ui/use-refusal-words.ts";
import { useUser } from "../ui/use-user.ts";

/** A customer's phones; all of them for who runs the platform. */
export function PhonesPage() {
  const { t } = useTranslation();
  const isCustomer = useUser()?.role === "customer";
  return (
    <div className="content">
      <title>{t("app.name")}</title>
      <Typography.Title level={1} style={{ fontSize: 22 }}>
        {t(isCustomer ? "phones.title" : "phones.allTitle")}
      </Typography.Title>
      <Phones />
    </div>
  );
}

function Phones() {
  const { t } = useTranslation();
  const words = useRefusalWords();
  const phones = usePhones();
  const plans = usePlanNames(phones.data?.some(({ lease }) => lease) ?? false);
  if (phones.isPending) return <Skeleton active paragraph={{ rows: 6 }} />;
  if (!phones.data)
    return (
      <Result
        status="warning"
        title={words(phones.error)}
        extra={<Button onClick={() => void phones.refetch()}>{t("app.retry")}</Button>}
      />
    );
  if (phones.data.length === 0)
    return (
      <Empty description={t("phones.empty")}>
        <Typography.Text type="secondary">{t("phones.emptyHint")}</Typography.Text>
      </Empty>
    );
  return (
    <div className="phones">
      {phones.data.map((device) => (
        <PhoneCard
          key={device.deviceId}
          device={device}
          planName={plans.get(device.lease?.orderId ?? "") ?? null}
        />
      ))}
    </div>
  );
}

/** The plan of each order that may still have a phone. */
function usePlanNames(isWanted: boolean): ReadonlyMap<string, string> {
  const { data } = useQuery({
    queryKey: ["orders.list", "paid"],
    queryFn: () => api.orders.list.query({ state: "paid", limit: 500 }),
    enabled: isWanted,
  });
  return new Map(data?.map(({ id, planName }) => [id, planName]));
}
