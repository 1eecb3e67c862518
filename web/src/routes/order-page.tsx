import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, type Order } from "../api.ts";
import { EndOrder } from "../features/orders/end-order.tsx";
import { useRights } from "../features/roles/use-rights.ts";
import { OrderState } from "../features/orders/order-state.tsx";
import { PurchaseSteps } from "../features/orders/purchase-steps.tsx";
import { RefundOrder } from "../features/orders/refund-order.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useFormats } from "../ui/use-formats.ts";
import { useUser } from "../ui/use-user.ts";
import { Panel } from "../ui/panel.tsx";

/** One order: how far its purchase is, what it gave, what it cost. */
export function OrderPage() {
  const { t } = useTranslation();
  const { order: orderId } = useParams({ from: "/signed-in/orders/$order" });
  const isStaff = useUser()?.role !== "customer";
  const order = useQuery({
    queryKey: ["orders.show", orderId],
    queryFn: () => api.orders.show.query({ orderId }),
    refetchInterval: ({ state }) => (state.data?.state === "pending" ? 1000 : false),
  });
  return (
    <PageFrame
      title={order.data?.planName ?? t("orders.one")}
      actions={order.data && <Actions order={order.data} />}
    >
      <Answer query={order}>
        {(found) => (
          <div className="columns">
            <Panel title={t("orders.steps")}>
              <PurchaseSteps orderId={orderId} />
            </Panel>
            <Panel title={t("orders.facts")} extra={<OrderState state={found.state} />}>
              <Facts order={found} />
              {isStaff && <Customer userId={found.userId} />}
            </Panel>
          </div>
        )}
      </Answer>
    </PageFrame>
  );
}

function Actions({ order }: { readonly order: Order }) {
  const { t } = useTranslation();
  const isStaff = useUser()?.role !== "customer";
  return (
    <>
      {isStaff && (
        <Link to="/sagas/$saga" params={{ saga: order.id }} className="button">
          {t("sagas.open")}
        </Link>
      )}
      {isStaff && order.paidAt !== null && <RefundOrder order={order} />}
      {order.state === "paid" && <EndOrder orderId={order.id} />}
      {order.state === "paid" && order.deviceId !== null && (
        <Link to="/phones/$device" params={{ device: order.deviceId }} className="button primary">
          {t("orders.openPhone")}
        </Link>
      )}
    </>
  );
}

function Facts({ order }: { readonly order: Order }) {
  const { t } = useTranslation();
  const { money, time, duration } = useFormats();
  const lines: readonly (readonly [string, string | null])[] = [
    [t("orders.price"), money(order.priceMinor, order.currency)],
    [t("orders.ran"), duration(order.usedMs)],
    [t("orders.usage"), money(order.usageMinor, order.currency)],
    [t("orders.back"), order.refundedMinor > 0 ? money(order.refundedMinor, order.currency) : null],
    [t("orders.createdAt"), time(order.createdAt)],
    [t("orders.paidAt"), order.paidAt && time(order.paidAt)],
    [t("orders.endedAt"), order.endedAt && time(order.endedAt)],
    [t("orders.reason"), order.reason],
    [t("app.id"), order.id],
  ];
  return (
    <dl className="facts-list">
      {lines.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** Whose order it is: billing knows customers by their ids alone. */
function Customer({ userId }: { readonly userId: string }) {
  const { t } = useTranslation();
  const mayLook = useRights().has("accounts.read");
  const accounts = useQuery({
    queryKey: ["accounts.list", "one", userId],
    queryFn: () => api.accounts.list.query({ search: userId }),
    enabled: mayLook,
  });
  const email = accounts.data?.find((account) => account.userId === userId)?.email;
  if (email === undefined) return null;
  return (
    <p>
      {t("recordings.customer")}{" "}
      <Link to="/users/$user" params={{ user: userId }}>
        <bdi>{email}</bdi>
      </Link>
    </p>
  );
}
