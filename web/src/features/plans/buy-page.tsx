import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Alert, Button, Empty } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Plan } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { PageFrame } from "../../ui/page-frame.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";
import { PlanCard, PlanFacts } from "./plan-card.tsx";
import { Dialog } from "../../ui/dialog.tsx";

export function BuyPage() {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<Plan | null>(null);
  const plans = useQuery({ queryKey: ["plans.list"], queryFn: () => api.plans.list.query({}) });
  return (
    <PageFrame title={t("plans.title")} lead={t("plans.lead")}>
      <Answer query={plans}>
        {(found) =>
          found.length === 0 ? (
            <Empty description={t("plans.none")} />
          ) : (
            <div className="plans">
              {found.map((plan) => (
                <PlanCard key={plan.id} plan={plan} onBuy={() => setChosen(plan)} />
              ))}
            </div>
          )
        }
      </Answer>
      {chosen && <Confirm key={chosen.id} plan={chosen} onClose={() => setChosen(null)} />}
    </PageFrame>
  );
}

interface ConfirmProps {
  readonly plan: Plan;
  onClose(): void;
}

/** What is about to be paid, and what is left then. */
function Confirm({ plan, onClose }: ConfirmProps) {
  const { t } = useTranslation();
  const { money } = useFormats();
  const navigate = useNavigate();
  const { data: wallet } = useQuery({
    queryKey: ["wallet.show"],
    queryFn: () => api.wallet.show.query({}),
  });
  const buy = useAct(
    (planId: string, idempotencyKey) => api.orders.create.mutate({ planId, idempotencyKey }),
    {
      changes: ["orders.", "wallet."],
      onDone: ({ orderId }) => void navigate({ to: "/orders/$order", params: { order: orderId } }),
    },
  );
  const isShort = wallet !== undefined && wallet.balanceMinor < plan.priceMinor;
  return (
    <Dialog
      title={t("plans.confirm", { name: plan.name })}
      onCancel={onClose}
      footer={[
        <Button key="cancel" onClick={onClose}>
          {t("app.cancel")}
        </Button>,
        <Button
          key="buy"
          type="primary"
          disabled={isShort}
          loading={buy.isPending || buy.isSuccess}
          onClick={() => buy.mutate(plan.id)}
        >
          {t("plans.pay", { amount: money(plan.priceMinor, plan.currency) })}
        </Button>,
      ]}
    >
      <PlanFacts plan={plan} />
      {wallet && (
        <dl className="facts-list">
          <dt>{t("wallet.balance")}</dt>
          <dd>{money(wallet.balanceMinor, wallet.currency)}</dd>
          {!isShort && (
            <>
              <dt>{t("plans.left")}</dt>
              <dd>{money(wallet.balanceMinor - plan.priceMinor, wallet.currency)}</dd>
            </>
          )}
        </dl>
      )}
      {isShort && (
        <Alert
          type="warning"
          showIcon
          title={t("plans.short")}
          action={<Link to="/wallet">{t("nav.wallet")}</Link>}
        />
      )}
    </Dialog>
  );
}
