import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Empty, Popconfirm, Table, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Plan } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { PageFrame } from "../../ui/page-frame.tsx";
import { useStacked } from "../../ui/stacked.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";
import { PlanForm } from "./plan-form.tsx";

/** What is and was on sale. Terms are never edited: a plan is replaced by another, and orders keep theirs. */
export function PlansAdmin() {
  const { t } = useTranslation();
  // Undefined: no form; null: a new plan; a plan: the one that is replaced.
  const [form, setForm] = useState<Plan | null | undefined>(undefined);
  const plans = useQuery({
    queryKey: ["plans.list", "retired"],
    queryFn: () => api.plans.list.query({ retired: true }),
  });
  return (
    <PageFrame
      title={t("nav.plans")}
      lead={t("plans.adminLead")}
      actions={
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setForm(null)}>
          {t("plans.create")}
        </Button>
      }
    >
      <Answer query={plans}>
        {(found) =>
          found.length === 0 ? (
            <Empty description={t("plans.none")} />
          ) : (
            <PlanTable plans={found} onReplace={setForm} />
          )
        }
      </Answer>
      {form !== undefined && <PlanForm replaces={form} onClose={() => setForm(undefined)} />}
    </PageFrame>
  );
}

interface PlanTableProps {
  readonly plans: readonly Plan[];
  onReplace(plan: Plan): void;
}

function PlanTable({ plans, onReplace }: PlanTableProps) {
  const { t } = useTranslation();
  const { money, hours } = useFormats();
  const cards = useStacked<Plan>([
    {
      title: t("keys.name"),
      render: (_, { name, description }) => (
        <div className="two-lines">
          <bdi>{name}</bdi>
          <bdi className="faint">{description}</bdi>
        </div>
      ),
    },
    {
      title: t("list.state"),
      responsive: ["sm"],
      render: (_, { active }) => (
        <Tag color={active ? "success" : "default"}>
          {t(active ? "plans.onSale" : "plans.retired")}
        </Tag>
      ),
    },
    {
      title: t("orders.price"),
      align: "right",
      render: (_, plan) => money(plan.priceMinor, plan.currency),
    },
    {
      title: t("plans.perHour"),
      align: "right",
      responsive: ["md"],
      render: (_, plan) => money(plan.hourlyMinor, plan.currency),
    },
    {
      title: t("plans.includedTime"),
      responsive: ["lg"],
      width: 100,
      render: (_, { includedMs }) => (includedMs === 0 ? "–" : hours(includedMs)),
    },
    {
      title: <span className="unseen">{t("list.actions")}</span>,
      align: "right",
      render: (_, plan) => plan.active && <PlanActions plan={plan} onReplace={onReplace} />,
    },
  ]);
  return (
    <div className="rows" role="region" aria-label={t("nav.plans")}>
      <Table<Plan>
        size="small"
        pagination={plans.length > 50 && { pageSize: 50 }}
        dataSource={plans}
        rowKey={({ id }) => id}
        {...cards}
      />
    </div>
  );
}

function PlanActions({ plan, onReplace }: { readonly plan: Plan; onReplace(plan: Plan): void }) {
  const { t } = useTranslation();
  const retire = useAct((planId: string) => api.plans.retire.mutate({ planId }), {
    changes: ["plans."],
  });
  return (
    <span className="row-actions">
      <Button size="small" onClick={() => onReplace(plan)}>
        {t("plans.replace")}
      </Button>
      <Popconfirm
        title={t("plans.retireQuestion")}
        okText={t("plans.retire")}
        cancelText={t("app.cancel")}
        onConfirm={() => retire.mutate(plan.id)}
      >
        <Button size="small" danger loading={retire.isPending}>
          {t("plans.retire")}
        </Button>
      </Popconfirm>
    </span>
  );
}
