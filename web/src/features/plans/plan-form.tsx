import { parseMinor } from "@cloudphone/shared/money";
import { Form, Input, InputNumber } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Plan } from "../../api.ts";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";

interface Fields {
  readonly name: string;
  readonly description: string;
  /** "9.90". */
  readonly price: string;
  readonly hourly: string;
  readonly includedHours: number;
  /** Null: until the phone is given back. */
  readonly leaseDays: number | null;
  readonly provider: string;
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
  readonly memoryMiB: number;
  readonly cpus: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const decimals = 2;

interface PlanFormProps {
  /** The plan whose place the new one takes. */
  readonly replaces: Plan | null;
  onClose(): void;
}

/** Puts a plan on sale. */
export function PlanForm({ replaces, onClose }: PlanFormProps) {
  const { t } = useTranslation();
  const create = useAct(
    (fields: Fields, idempotencyKey) =>
      api.plans.create.mutate({ ...offerOf(fields, replaces), idempotencyKey }),
    { changes: ["plans."], onDone: onClose },
  );
  return (
    <FormDialog
      title={t(replaces ? "plans.replace" : "plans.create")}
      doText={t("plans.putOnSale")}
      act={create}
      initial={fieldsOf(replaces)}
      onClose={onClose}
    >
      <PlanFields />
    </FormDialog>
  );
}

const numbers = ["width", "height", "dpi", "memoryMiB", "cpus"] as const;

function PlanFields() {
  const { t } = useTranslation();
  const needed = { required: true, message: t("signIn.needed") };
  const amount = {
    validator: (_: unknown, value: string) =>
      (parseMinor(value) ?? -1) < 0
        ? Promise.reject(new Error(t("plans.amountWrong")))
        : Promise.resolve(),
  };
  return (
    <>
      <Form.Item name="name" label={t("keys.name")} rules={[{ ...needed, whitespace: true }]}>
        <Input maxLength={60} />
      </Form.Item>
      <Form.Item name="description" label={t("plans.description")}>
        <Input.TextArea maxLength={500} autoSize />
      </Form.Item>
      <div className="fields">
        <Form.Item name="price" label={t("orders.price")} rules={[amount]}>
          <Input inputMode="decimal" />
        </Form.Item>
        <Form.Item name="hourly" label={t("plans.perHour")} rules={[amount]}>
          <Input inputMode="decimal" />
        </Form.Item>
        <Form.Item name="includedHours" label={t("plans.includedHours")} rules={[needed]}>
          <InputNumber min={0} max={100_000} />
        </Form.Item>
        <Form.Item name="leaseDays" label={t("plans.leaseDays")}>
          <InputNumber min={0.001} max={36_500} />
        </Form.Item>
        <Form.Item name="provider" label={t("devices.provider")} rules={[needed]}>
          <Input maxLength={31} />
        </Form.Item>
        <Form.Item name="image" label={t("plans.image")} rules={[needed]}>
          <Input maxLength={300} />
        </Form.Item>
        {numbers.map((name) => (
          <Form.Item key={name} name={name} label={t(`plans.spec.${name}`)} rules={[needed]}>
            <InputNumber min={0.1} />
          </Form.Item>
        ))}
      </div>
    </>
  );
}

const asText = (minor: number): string => (minor / 10 ** decimals).toFixed(decimals);

const fieldsOf = (plan: Plan | null): Fields => ({
  name: plan?.name ?? "",
  description: plan?.description ?? "",
  price: asText(plan?.priceMinor ?? 0),
  hourly: asText(plan?.hourlyMinor ?? 0),
  includedHours: (plan?.includedMs ?? 0) / hourMs,
  leaseDays: plan?.leaseMs == null ? null : plan.leaseMs / dayMs,
  provider: plan?.spec.provider ?? "docker",
  image: plan?.spec.image ?? "redroid/redroid:14.0.0-latest",
  width: plan?.spec.width ?? 720,
  height: plan?.spec.height ?? 1280,
  dpi: plan?.spec.dpi ?? 320,
  memoryMiB: plan?.spec.memoryMiB ?? 2048,
  cpus: plan?.spec.cpus ?? 1,
});

function offerOf(fields: Fields, replaces: Plan | null) {
  const { name, description, provider, image, width, height, dpi, memoryMiB, cpus } = fields;
  const properties = replaces?.spec.properties ?? {};
  return {
    name,
    description,
    priceMinor: parseMinor(fields.price) ?? 0,
    hourlyMinor: parseMinor(fields.hourly) ?? 0,
    includedMs: Math.round(fields.includedHours * hourMs),
    leaseMs: fields.leaseDays == null ? null : Math.round(fields.leaseDays * dayMs),
    spec: { provider, image, width, height, dpi, memoryMiB, cpus, properties },
    labels: { ...replaces?.labels },
    replaces: replaces?.id ?? null,
  };
}
