import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { Alert, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Trace } from "../api.ts";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useFormats } from "../ui/use-formats.ts";

/** All that one request caused, from its beginning to its end. */
export function TracePage() {
  const { t } = useTranslation();
  const { id } = useParams({ from: "/signed-in/events/$id" });
  const trace = useQuery({
    queryKey: ["events.trace", id],
    queryFn: () => api.events.trace.query({ id }),
  });
  return (
    <PageFrame title={t("events.trace")}>
      <Answer query={trace}>{(found) => <Tree trace={found} chosen={id} />}</Answer>
    </PageFrame>
  );
}

type Node = Trace["roots"][number];
const colours: Record<Node["kind"], string> = {
  event: "processing",
  step: "default",
  command: "warning",
};

function Tree({ trace, chosen }: { readonly trace: Trace; readonly chosen: string }) {
  const { t } = useTranslation();
  const { duration } = useFormats();
  const startMs = Date.parse(trace.startedAt);
  const lastedMs = Date.parse(trace.endedAt) - startMs;
  return (
    <>
      <p className="lead">
        {t("events.traceFacts", { count: trace.events, time: duration(lastedMs) })}
      </p>
      {trace.truncated && <Alert type="warning" title={t("events.truncated")} className="above" />}
      {/* In narrow windows it is scrolled sideways: by keyboard as well. */}
      <div className="tree" role="region" aria-label={t("events.trace")} tabIndex={0}>
        <Branches nodes={trace.roots} startMs={startMs} chosen={chosen} />
      </div>
    </>
  );
}

interface BranchesProps {
  readonly nodes: readonly Node[];
  /** When the trace began: times are told from there. */
  readonly startMs: number;
  readonly chosen: string;
}

function Branches({ nodes, startMs, chosen }: BranchesProps) {
  const { t } = useTranslation();
  return (
    <ul>
      {nodes.map((node, place) => (
        // A step and its saga share an id: the place tells them apart.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={`${node.id} ${place}`} aria-current={node.id === chosen || undefined}>
          <Tag color={colours[node.kind]}>{t(`events.kind.${node.kind}`)}</Tag>
          <strong>{node.title}</strong>{" "}
          <span className="faint">+{Date.parse(node.at) - startMs} ms</span>{" "}
          <bdi>{node.says.slice(0, 500)}</bdi>
          {node.children.length > 0 && (
            <Branches nodes={node.children} startMs={startMs} chosen={chosen} />
          )}
        </li>
      ))}
    </ul>
  );
}
