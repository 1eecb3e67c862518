import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { Plan } from "../../api.ts";
import { useFormats } from "../../ui/use-formats.ts";
import { Panel } from "../../ui/panel.tsx";

interface PlanCardProps {
  readonly plan: Plan;
  onBuy(): void;
}

/** What one plan gives, and for how much. */
export function PlanCard({ plan, onBuy }: PlanCardProps) {
  const { t } = useTranslation();
  const { money } = useFormats();
  return (
    <Panel className="plan" testId="plan">
      <h2 className="name" title={plan.name}>
        {plan.name}
      </h2>
      <p className="price">{money(plan.priceMinor, plan.currency)}</p>
      {plan.description !== "" && <p className="description">{plan.description}</p>}
      <PlanFacts plan={plan} />
      <Button type="primary" block onClick={onBuy} aria-label={`${t("plans.buy")}: ${plan.name}`}>
        {t("plans.buy")}
      </Button>
    </Panel>
  );
}

export function PlanFacts({ plan }: { readonly plan: Plan }) {
  const { t } = useTranslation();
  const { money, duration, hours } = useFormats();
  const { spec } = plan;
  const hourly = money(plan.hourlyMinor, plan.currency);
  return (
    <ul className="plan-facts">
      <li>
        {plan.includedMs > 0
          ? t("plans.included", { time: hours(plan.includedMs), hourly })
          : t("plans.hourly", { hourly })}
      </li>
      <li>
        {plan.leaseMs === null
          ? t("plans.untilReturned")
          : t("plans.leased", { time: duration(plan.leaseMs) })}
      </li>
      <li>
        {t("phones.screen", { width: spec.width, height: spec.height })} ·{" "}
        {t("plans.machine", { cpus: spec.cpus, memory: spec.memoryMiB })}
      </li>
    </ul>
  );
}
