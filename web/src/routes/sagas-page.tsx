import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Saga } from "../api.ts";
import { SagaState } from "../features/sagas/saga-state.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { useFormats } from "../ui/use-formats.ts";

const states = ["all", "running", "needs_operator", "completed", "compensated"] as const;

/** Processes over several events: purchases, installs on many phones. */
export function SagasPage() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const search = useSearch({ from: "/signed-in/sagas" });
  const navigate = useNavigate();
  const chosen = states.find((one) => one === search.state) ?? "all";
  const status = chosen === "all" ? undefined : chosen;
  return (
    <PageFrame title={t("nav.sagas")}>
      <div className="filters">
        <Segmented
          aria-label={t("list.state")}
          value={chosen}
          onChange={(state) =>
            void navigate({ to: "/sagas", search: state === "all" ? {} : { state } })
          }
          options={states.map((value) => ({
            value,
            label: value === "all" ? t("list.all") : t(`sagas.status.${value}`),
          }))}
        />
      </div>
      <Rows<Saga>
        label={t("nav.sagas")}
        queryKey={["sagas.list", status]}
        page={(after, limit) =>
          api.sagas.list.query({
            limit,
            ...(after && { before: after.id }),
            ...(status && { status }),
          })
        }
        rowKey={({ id }) => id}
        empty={t("sagas.none")}
        columns={[
          {
            title: t("sagas.name"),
            render: (_, { id, name }) => (
              <Link to="/sagas/$saga" params={{ saga: id }}>
                {name}
              </Link>
            ),
          },
          { title: t("list.state"), render: (_, saga) => <SagaState status={saga.status} /> },
          { title: t("sagas.phase"), responsive: ["sm"], dataIndex: "phase" },
          {
            title: t("sagas.startedAt"),
            responsive: ["md"],
            render: (_, { startedAt }) => time(startedAt),
          },
          {
            title: t("sagas.deadline"),
            responsive: ["lg"],
            render: (_, { deadlineAt }) => deadlineAt && time(deadlineAt),
          },
        ]}
      />
    </PageFrame>
  );
}
