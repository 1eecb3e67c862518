import { useQuery } from "@tanstack/react-query";
import { Button, Popconfirm, Progress, Table } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Projection } from "../api.ts";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useAct } from "../ui/use-act.ts";
import { useFormats } from "../ui/use-formats.ts";

const watchMs = 500;
const restMs = 10_000;

const isRunning = ({ rebuild }: Projection): boolean => rebuild?.state === "running";

/** Read models that are nothing but a fold of the log, and how far one is that is built anew. */
export function ProjectionsPage() {
  const { t } = useTranslation();
  const projections = useQuery({
    queryKey: ["projections.list"],
    queryFn: () => api.projections.list.query(),
    refetchInterval: ({ state }) => (state.data?.some(isRunning) ? watchMs : restMs),
  });
  return (
    <PageFrame title={t("nav.projections")} lead={t("projections.lead")}>
      <Answer query={projections}>
        {(found) => (
          <div className="rows" role="region" aria-label={t("nav.projections")}>
            <Table<Projection>
              size="small"
              pagination={false}
              dataSource={found}
              rowKey={({ name }) => name}
              columns={[
                { title: t("projections.name"), dataIndex: "name" },
                {
                  title: t("projections.tables"),
                  responsive: ["lg"],
                  render: (_, { tables }) => <span className="faint">{tables.join(", ")}</span>,
                },
                {
                  title: t("projections.rebuilt"),
                  render: (_, projection) => <Rebuilt projection={projection} />,
                },
                {
                  title: <span className="unseen">{t("list.actions")}</span>,
                  align: "right",
                  render: (_, projection) => <Rebuild projection={projection} />,
                },
              ]}
            />
          </div>
        )}
      </Answer>
    </PageFrame>
  );
}

function Rebuilt({ projection: { name, rebuild } }: { readonly projection: Projection }) {
  const { t } = useTranslation();
  const { time, number, duration } = useFormats();
  if (!rebuild) return <span className="faint">{t("projections.never")}</span>;
  const { state, position, target, startedAt, endedAt, by } = rebuild;
  if (state === "running") {
    const at = Math.min(position, target);
    return (
      <div>
        <Progress
          size="small"
          percent={target === 0 ? 100 : Math.floor((at / target) * 100)}
          aria-label={`${t("projections.rebuilt")}: ${name}`}
        />
        <span className="faint">
          {t("projections.at", { position: number(at), target: number(target) })}
        </span>
      </div>
    );
  }
  const end = endedAt ?? startedAt;
  return (
    <bdi>
      {t("projections.done", {
        when: time(end),
        by,
        events: number(target),
        time: duration(Date.parse(end) - Date.parse(startedAt)),
      })}
    </bdi>
  );
}

function Rebuild({ projection }: { readonly projection: Projection }) {
  const { t } = useTranslation();
  const { name } = projection;
  const rebuild = useAct((wish: string) => api.projections.rebuild.mutate({ name: wish }), {
    changes: ["projections.", "audit."],
    done: t("projections.begun"),
  });
  return (
    <Popconfirm
      title={t("projections.rebuildQuestion", { name })}
      okText={t("projections.rebuild")}
      cancelText={t("app.cancel")}
      onConfirm={() => rebuild.mutate(name)}
    >
      <Button
        size="small"
        loading={rebuild.isPending}
        disabled={isRunning(projection)}
        aria-label={`${t("projections.rebuild")}: ${name}`}
      >
        {t("projections.rebuild")}
      </Button>
    </Popconfirm>
  );
}
