import { Form, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { SecretDialog } from "../../ui/secret-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";

/** The areas that a customer's program has to do with; others can be typed. */
const areas = ["*", "devices", "apps", "orders", "sessions", "snapshots", "usage", "wallet"];
const scopes = areas.flatMap((area) => [`${area}.read`, `${area}.write`]);
const lifetimes = [30, 90, 365, 0] as const;

interface Wish {
  readonly name: string;
  readonly scopes: string[];
  /** 0: without an end. */
  readonly days: number;
}

/** Asks what a key is for, then shows it: once, and nowhere else. */
export function NewKey({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const create = useAct(
    ({ name, scopes: chosen, days }: Wish) =>
      api.apiKeys.create.mutate({ name, scopes: chosen, days: days === 0 ? null : days }),
    { changes: ["apiKeys."] },
  );
  if (create.data)
    return (
      <SecretDialog
        title={t("keys.made")}
        warning={t("keys.once")}
        secret={create.data.key}
        onClose={onClose}
      />
    );
  return (
    <FormDialog
      title={t("keys.create")}
      act={create}
      initial={{ scopes: ["devices.read"], days: 90 }}
      onClose={onClose}
    >
      <Fields />
    </FormDialog>
  );
}

function Fields() {
  const { t } = useTranslation();
  const needed = { required: true, message: t("signIn.needed") };
  return (
    <>
      <Form.Item
        name="name"
        label={t("keys.name")}
        rules={[{ ...needed, whitespace: true, max: 100 }]}
      >
        <Input autoFocus maxLength={100} />
      </Form.Item>
      <Form.Item
        name="scopes"
        label={t("keys.scopes")}
        extra={t("keys.scopesHint")}
        rules={[needed]}
      >
        <Select mode="tags" options={scopes.map((value) => ({ value }))} />
      </Form.Item>
      <Form.Item name="days" label={t("keys.expires")}>
        <Select
          options={lifetimes.map((value) => ({
            value,
            label: value === 0 ? t("keys.endless") : t("keys.days", { count: value }),
          }))}
        />
      </Form.Item>
    </>
  );
}
