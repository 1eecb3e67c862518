import { Alert, Steps } from "antd";
import { useTranslation } from "react-i18next";
import { useFormats } from "../../ui/use-formats.ts";
import { purchaseSteps, type StepState } from "./steps.ts";
import { useOrderEvents } from "./use-order-events.ts";

const statuses: Record<StepState, "finish" | "process" | "wait" | "error"> = {
  done: "finish",
  going: "process",
  waiting: "wait",
  failed: "error",
};

/** A purchase's way from the order to a phone that is paid for, as it happens. */
export function PurchaseSteps({ orderId }: { readonly orderId: string }) {
  const { t } = useTranslation();
  const { instant } = useFormats();
  const steps = purchaseSteps(useOrderEvents(orderId));
  const failed = steps.find(({ state }) => state === "failed");
  return (
    <section aria-label={t("orders.steps")} aria-live="polite" data-testid="steps">
      <Steps
        orientation="vertical"
        current={steps.findIndex(({ state }) => state !== "done")}
        size="small"
        items={steps.map(({ name, state, at }) => ({
          title: t(`orders.step.${name}`),
          content: at === null ? t(`orders.stepState.${state}`) : instant(at),
          status: statuses[state],
        }))}
      />
      {failed && (
        <Alert
          type="error"
          showIcon
          title={t("orders.cancelledTitle")}
          description={failed.reason ?? t("orders.noCharge")}
        />
      )}
    </section>
  );
}
