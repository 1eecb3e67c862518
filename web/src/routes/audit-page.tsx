import { useQuery } from "@tanstack/react-query";
import { Table, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, type RecordedEvent } from "../api.ts";
import { eventColumns } from "../features/events/event-table.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { useFormats } from "../ui/use-formats.ts";

/** The events that only somebody who runs the platform can cause. */
const operatorEvents = [
  "host.enrolled",
  "host.removed",
  "host.drain.started",
  "host.drain.cancelled",
  "payment.refunded",
  "wallet.credited",
  "user.registered",
];
const shownActions = 100;

/** What was done by people who may do more than others. */
export function AuditPage() {
  const { t } = useTranslation();
  return (
    <PageFrame title={t("nav.audit")} lead={t("audit.lead")}>
      <h2 className="section">{t("audit.events")}</h2>
      <Rows<RecordedEvent>
        label={t("audit.events")}
        queryKey={["events.list", "audit"]}
        size={50}
        page={async (after, limit) =>
          (
            await api.events.list.query({
              types: operatorEvents,
              limit,
              ...(after && { before: after.position }),
            })
          ).toReversed()
        }
        rowKey={({ position }) => String(position)}
        empty={t("events.none")}
        columns={eventColumns(t)}
      />
      <h2 className="section">{t("nav.deadLetters")}</h2>
      <LetterActions />
    </PageFrame>
  );
}

function LetterActions() {
  const { t } = useTranslation();
  const { time } = useFormats();
  const actions = useQuery({
    queryKey: ["deadLetters.history"],
    queryFn: () => api.deadLetters.history.query({ limit: shownActions }),
  });
  return (
    <Answer query={actions} lines={2}>
      {(found) => (
        <div className="rows" role="region" aria-label={t("nav.deadLetters")}>
          <Table
            size="small"
            pagination={false}
            dataSource={found}
            rowKey={({ at, consumer, position }) => `${at} ${consumer} ${position}`}
            locale={{ emptyText: <span className="faint">{t("audit.noActions")}</span> }}
            columns={[
              { title: t("list.time"), render: (_, { at }) => time(at) },
              { title: t("audit.by"), render: (_, { by }) => <bdi>{by}</bdi> },
              {
                title: t("audit.what"),
                render: (_, { action, type, position }) => (
                  <>
                    <Tag>{t(`deadLetters.action.${action}`)}</Tag> {type} {position}
                  </>
                ),
              },
              {
                title: t("orders.reason"),
                responsive: ["md"],
                render: (_, { reason }) => <bdi>{reason}</bdi>,
              },
            ]}
          />
        </div>
      )}
    </Answer>
  );
}
