import { eventCatalog } from "@cloudphone/shared/events/catalog";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Select, Switch } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type RecordedEvent } from "../api.ts";
import { EventTable, eventColumns } from "../features/events/event-table.tsx";
import { useTail } from "../live/tail.ts";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { parseWithoutEval } from "../zod-without-eval.ts";

parseWithoutEval();

/** What has happened, as the log has it; or as it happens. */
export function EventsPage() {
  const { t } = useTranslation();
  const [isLive, setLive] = useState(false);
  return (
    <PageFrame
      title={t("nav.events")}
      actions={
        <label className="switch">
          <Switch checked={isLive} onChange={setLive} />
          {t("events.live")}
        </label>
      }
    >
      {isLive ? <LiveTail /> : <Search />}
    </PageFrame>
  );
}

function LiveTail() {
  const { t } = useTranslation();
  const { events, perSecond } = useTail();
  return (
    <>
      <p className="lead" role="status">
        {t("events.rate", { rate: perSecond.toFixed(1) })}
      </p>
      <EventTable events={events.slice(0, 100)} empty={t("events.waiting")} />
    </>
  );
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function Search() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/signed-in/events" });
  const navigate = useNavigate();
  const narrow = (q: string, state: string | undefined): void =>
    void navigate({
      to: "/events",
      replace: true,
      search: { ...(q && { q }), ...(state && { state }) },
    });
  const types = (search.state ?? "").split(",").filter((type) => type !== "");
  return (
    <>
      <div className="filters">
        <SearchBox
          label={t("events.subject")}
          value={search.q ?? ""}
          onChange={(q) => narrow(q, search.state)}
        />
        <Select
          mode="multiple"
          className="types"
          aria-label={t("events.types")}
          placeholder={t("events.types")}
          allowClear
          maxCount={20}
          value={types}
          onChange={(chosen: string[]) => narrow(search.q ?? "", chosen.join(","))}
          options={Object.keys(eventCatalog).map((value) => ({ value, label: value }))}
        />
      </div>
      <EventRows subject={search.q ?? ""} types={types} />
    </>
  );
}

interface EventRowsProps {
  readonly subject: string;
  readonly types: readonly string[];
}

function EventRows({ subject, types }: EventRowsProps) {
  const { t } = useTranslation();
  const columns = eventColumns(t);
  return (
    <Rows<RecordedEvent>
      label={t("nav.events")}
      queryKey={["events.list", subject, ...types]}
      page={async (after, limit) => {
        const events = await api.events.list.query({
          limit,
          ...(after && { before: after.position }),
          ...(types.length > 0 && { types: [...types] }),
          ...(uuid.test(subject) ? { subject: subject.toLowerCase() } : subject && { subject }),
        });
        return events.toReversed();
      }}
      rowKey={({ position }) => String(position)}
      empty={t("events.none")}
      columns={columns}
    />
  );
}
