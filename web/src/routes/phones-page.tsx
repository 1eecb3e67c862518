import ShoppingOutlined from "@ant-design/icons-svg/es/asn/ShoppingOutlined";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../api.ts";
import { FirstSteps } from "../features/phones/first-steps.tsx";
import { PhoneCard } from "../features/phones/phone-card.tsx";
import { usePhones } from "../features/phones/use-phones.ts";
import { Answer } from "../ui/answer.tsx";
import { Icon } from "../ui/icon.tsx";
import { PageFrame } from "../ui/page-frame.tsx";

/** A customer's phones. */
export function PhonesPage() {
  const { t } = useTranslation();
  const phones = usePhones();
  const plans = usePlanNames(phones.data?.some(({ lease }) => lease) ?? false);
  const another = (
    <Link to="/plans" className="button primary">
      <Icon of={ShoppingOutlined} />
      {t("phones.buy")}
    </Link>
  );
  return (
    <PageFrame
      title={t("phones.title")}
      actions={phones.data !== undefined && phones.data.length > 0 && another}
    >
      <Answer query={phones}>
        {(devices) =>
          devices.length === 0 ? (
            <FirstSteps />
          ) : (
            <div className="phones">
              {devices.map((device) => (
                <PhoneCard
                  key={device.deviceId}
                  device={device}
                  planName={plans.get(device.lease?.orderId ?? "") ?? null}
                />
              ))}
            </div>
          )
        }
      </Answer>
    </PageFrame>
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
