import { useQuery } from "@tanstack/react-query";
import { Button, Form, InputNumber, Select, Table } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Pool } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useStacked } from "../../ui/stacked.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useRights } from "../roles/use-rights.ts";

type Spec = Pool["spec"];

const specText = ({ provider, image, width, height, memoryMiB }: Spec): string =>
  `${provider} · ${image} · ${width} × ${height} · ${memoryMiB} MiB`;

/** Phones kept on and free, so that nobody waits for a boot. */
export function Pools() {
  const { t } = useTranslation();
  const rights = useRights();
  const [asked, setAsked] = useState<Pool | "new" | null>(null);
  const pools = useQuery({ queryKey: ["pools.list"], queryFn: () => api.pools.list.query() });
  const mayChange = rights.has("devices.create");
  return (
    <Panel
      title={t("pools.title")}
      extra={
        <Button size="small" disabled={!mayChange} onClick={() => setAsked("new")}>
          {t("pools.add")}
        </Button>
      }
    >
      <p className="lead">{t("pools.lead")}</p>
      <Answer query={pools} lines={2}>
        {(found) =>
          found.length === 0 ? (
            <p className="faint">{t("pools.none")}</p>
          ) : (
            <PoolTable pools={found} onChange={mayChange ? setAsked : null} />
          )
        }
      </Answer>
      {asked !== null && (
        <Ask pool={asked === "new" ? null : asked} onClose={() => setAsked(null)} />
      )}
    </Panel>
  );
}

interface PoolTableProps {
  readonly pools: readonly Pool[];
  readonly onChange: ((pool: Pool) => void) | null;
}

function PoolTable({ pools, onChange }: PoolTableProps) {
  const { t } = useTranslation();
  const cards = useStacked<Pool>([
    { title: t("pools.phone"), render: (_, { spec }) => <bdi>{specText(spec)}</bdi> },
    { title: t("pools.wanted"), align: "right", width: 100, render: (_, { target }) => target },
    { title: t("pools.on"), align: "right", width: 100, render: (_, { on }) => on },
    {
      title: t("pools.by"),
      responsive: ["md"],
      render: (_, { changedBy }) => <bdi>{changedBy ?? t("pools.configured")}</bdi>,
    },
    {
      title: <span className="unseen">{t("list.actions")}</span>,
      align: "right",
      render: (_, pool) => (
        <Button
          size="small"
          disabled={onChange === null}
          aria-label={`${t("person.changeQuota")}: ${specText(pool.spec)}`}
          onClick={() => onChange?.(pool)}
        >
          {t("person.changeQuota")}
        </Button>
      ),
    },
  ]);
  return (
    <Table<Pool>
      size="small"
      pagination={false}
      dataSource={pools}
      rowKey={({ spec }) => JSON.stringify(spec)}
      {...cards}
    />
  );
}

interface Wish {
  /** Whose phones; nothing for a pool that is there. */
  readonly planId?: string;
  readonly target: number;
}

interface AskProps {
  /** Null: of phones that a plan has. */
  readonly pool: Pool | null;
  onClose(): void;
}

function Ask({ pool, onClose }: AskProps) {
  const { t } = useTranslation();
  const plans = useQuery({
    queryKey: ["plans.list"],
    queryFn: () => api.plans.list.query({}),
    enabled: pool === null,
  });
  const set = useAct(
    async ({ planId, target }: Wish) => {
      const spec = pool?.spec ?? plans.data?.find(({ id }) => id === planId)?.spec;
      if (spec) await api.pools.set.mutate({ spec, target });
    },
    { changes: ["pools.", "audit."], done: t("pools.saved"), onDone: onClose },
  );
  const needed = { required: true, message: t("signIn.needed") };
  return (
    <FormDialog
      title={pool ? t("pools.change") : t("pools.add")}
      act={set}
      initial={{ target: pool?.target ?? 1 }}
      lead={pool && <p className="faint">{specText(pool.spec)}</p>}
      onClose={onClose}
    >
      {pool === null && (
        <Form.Item name="planId" label={t("pools.plan")} rules={[needed]}>
          <Select
            loading={plans.isPending}
            options={plans.data?.map(({ id, name }) => ({ value: id, label: name })) ?? []}
          />
        </Form.Item>
      )}
      <Form.Item name="target" label={t("pools.target")} extra={t("pools.zero")} rules={[needed]}>
        <InputNumber className="wide" min={0} max={10_000} precision={0} autoFocus />
      </Form.Item>
    </FormDialog>
  );
}
