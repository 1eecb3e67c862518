import { Link } from "@tanstack/react-router";
import { Empty, Table, type TableProps } from "antd";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { RecordedEvent } from "../../api.ts";
import { useFormats } from "../../ui/use-formats.ts";

type Columns = NonNullable<TableProps<RecordedEvent>["columns"]>;

export const eventColumns = (t: TFunction<"text">): Columns => [
  {
    title: t("list.time"),
    width: 150,
    render: (_, { recordedAt }) => <Instant at={recordedAt} />,
  },
  {
    title: t("events.type"),
    width: 220,
    render: (_, { id, type }) => (
      <Link to="/events/$id" params={{ id }}>
        {type}
      </Link>
    ),
  },
  {
    title: t("events.subjectShort"),
    width: 290,
    responsive: ["md"],
    render: (_, { subject }) => <code>{subject}</code>,
  },
  {
    title: t("events.data"),
    responsive: ["lg"],
    render: (_, { data }) => <bdi className="faint data">{JSON.stringify(data).slice(0, 300)}</bdi>,
  },
];

function Instant({ at }: { readonly at: string }) {
  const { instant } = useFormats();
  return <span className="money">{instant(at)}</span>;
}

interface EventTableProps {
  readonly events: readonly RecordedEvent[];
  readonly empty: string;
}

/** A handful of events, newest first. */
export function EventTable({ events, empty }: EventTableProps) {
  const { t } = useTranslation();
  if (events.length === 0)
    return (
      <div className="empty">
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={empty} />
      </div>
    );
  return (
    <div className="rows" role="region" aria-label={t("nav.events")}>
      <Table<RecordedEvent>
        size="small"
        pagination={false}
        dataSource={events}
        rowKey={({ position }) => position}
        columns={eventColumns(t)}
      />
    </div>
  );
}
