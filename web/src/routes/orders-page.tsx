import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Order } from "../api.ts";
import { OrderState } from "../features/orders/order-state.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { useFormats } from "../ui/use-formats.ts";
import { useUser } from "../ui/use-user.ts";

const states = ["all", "pending", "paid", "cancelled", "ended"] as const;
type Choice = (typeof states)[number];

/** A customer's orders; everybody's for who runs the platform. */
export function OrdersPage() {
  const { t } = useTranslation();
  const isCustomer = useUser()?.role === "customer";
  const search = useSearch({ from: "/signed-in/orders" });
  const navigate = useNavigate();
  const state = states.find((one) => one === search.state) ?? "all";
  const choose = (chosen: Choice): void =>
    void navigate({ to: "/orders", search: chosen === "all" ? {} : { state: chosen } });
  return (
    <PageFrame title={t(isCustomer ? "orders.title" : "orders.allTitle")}>
      <div className="filters">
        <Segmented<Choice>
          aria-label={t("list.state")}
          value={state}
          onChange={choose}
          options={states.map((value) => ({
            value,
            label: value === "all" ? t("list.all") : t(`orders.state.${value}`),
          }))}
        />
      </div>
      <OrderRows state={state === "all" ? undefined : state} />
    </PageFrame>
  );
}

function OrderRows({ state }: { readonly state: Order["state"] | undefined }) {
  const { t } = useTranslation();
  const { money, time, duration } = useFormats();
  return (
    <Rows<Order>
      label={t("orders.title")}
      queryKey={["orders.list", "page", state]}
      page={(after, limit) =>
        api.orders.list.query({
          limit,
          ...(after && { before: after.id }),
          ...(state && { state }),
        })
      }
      rowKey={({ id }) => id}
      empty={t("orders.none")}
      columns={[
        {
          title: t("orders.plan"),
          render: (_, { id, planName }) => (
            <Link to="/orders/$order" params={{ order: id }}>
              <bdi>{planName}</bdi>
            </Link>
          ),
        },
        {
          title: t("list.state"),
          width: 110,
          render: (_, order) => <OrderState state={order.state} />,
        },
        {
          title: t("orders.price"),
          align: "right",
          render: (_, { priceMinor, currency }) => money(priceMinor, currency),
        },
        {
          title: t("orders.usage"),
          align: "right",
          responsive: ["md"],
          render: (_, { usageMinor, currency }) => money(usageMinor, currency),
        },
        {
          title: t("orders.ran"),
          responsive: ["lg"],
          render: (_, { usedMs }) => duration(usedMs),
        },
        {
          title: t("orders.createdAt"),
          responsive: ["sm"],
          render: (_, { createdAt }) => time(createdAt),
        },
      ]}
    />
  );
}
