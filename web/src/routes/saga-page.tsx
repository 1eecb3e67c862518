import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Tag, Timeline } from "antd";
import { useTranslation } from "react-i18next";
import { api, type SagaDetail } from "../api.ts";
import { Intervene } from "../features/sagas/intervene.tsx";
import { SagaState } from "../features/sagas/saga-state.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useFormats } from "../ui/use-formats.ts";
import { Panel } from "../ui/panel.tsx";

/** One saga: each step that it took, when, because of what, and what it asked for then. */
export function SagaPage() {
  const { t } = useTranslation();
  const { saga: id } = useParams({ from: "/signed-in/sagas/$saga" });
  const saga = useQuery({
    queryKey: ["sagas.show", id],
    queryFn: () => api.sagas.show.query({ id }),
  });
  return (
    <PageFrame
      title={saga.data?.name ?? t("sagas.one")}
      actions={
        <>
          {saga.data && <Intervene saga={saga.data} />}
          <Link to="/events/$id" params={{ id }} className="button">
            {t("events.trace")}
          </Link>
        </>
      }
    >
      <Answer query={saga}>
        {(found) => (
          <div className="columns">
            <Panel title={t("sagas.steps")} extra={<SagaState status={found.status} />}>
              <SagaSteps saga={found} />
            </Panel>
            <Panel title={t("sagas.state")}>
              <pre className="json" tabIndex={0}>
                {JSON.stringify(found.state, null, 2)}
              </pre>
            </Panel>
          </div>
        )}
      </Answer>
    </PageFrame>
  );
}

const colours = {
  running: "blue",
  completed: "green",
  compensated: "orange",
  needs_operator: "red",
} as const;

function SagaSteps({ saga: { steps } }: { readonly saga: SagaDetail }) {
  const { t } = useTranslation();
  const { instant } = useFormats();
  return (
    <Timeline
      items={steps.map(({ step, at, input, phase, status, note, emitted }) => ({
        key: step,
        color: colours[status],
        content: (
          <div className="two-lines">
            <span>
              <strong>{phase}</strong> <span className="faint">{instant(at)}</span>
            </span>
            <bdi>{note}</bdi>
            <span className="faint">{t("sagas.because", { input })}</span>
            {emitted.length > 0 && (
              <span>
                {emitted.map((type) => (
                  <Tag key={type}>{type}</Tag>
                ))}
              </span>
            )}
          </div>
        ),
      }))}
    />
  );
}
