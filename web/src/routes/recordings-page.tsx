import { DownloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Empty, Select, Table, type TableProps } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Recording } from "../api.ts";
import { saveRecording } from "../features/recordings/save-recording.ts";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { narrowPx, stacked } from "../ui/stacked.tsx";
import { useAct } from "../ui/use-act.ts";
import { useFormats } from "../ui/use-formats.ts";
import { useViewport } from "../ui/use-viewport.ts";

const pageSize = 50;

/** Films of screens, which lie on the phones' hosts; the newest first. */
export function RecordingsPage() {
  const { t } = useTranslation();
  const { id } = useSearch({ from: "/signed-in/recordings" });
  const deviceId = id ?? null;
  const recordings = useQuery({
    queryKey: ["recordings.list", deviceId],
    queryFn: () => api.recordings.list.query({ deviceId }),
  });
  return (
    <PageFrame title={t("nav.recordings")} lead={t("recordings.lead")}>
      <OfPhone deviceId={deviceId} />
      <Answer query={recordings}>
        {(found) =>
          found.length === 0 ? (
            <div className="empty">
              <Empty
                image={Empty.PRESENTED_IMAGE_SIMPLE}
                description={t(deviceId === null ? "recordings.none" : "recordings.noneOfPhone")}
              />
            </div>
          ) : (
            <RecordingTable recordings={found} />
          )
        }
      </Answer>
    </PageFrame>
  );
}

/** Narrows the list down to one of the phones that have films. */
function OfPhone({ deviceId }: { readonly deviceId: string | null }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const all = useQuery({
    queryKey: ["recordings.list", null],
    queryFn: () => api.recordings.list.query({}),
  });
  const phones = new Map(all.data?.map((one) => [one.deviceId, one.device]));
  return (
    <div className="filters">
      <Select
        className="types"
        showSearch={{ optionFilterProp: "label" }}
        allowClear
        aria-label={t("recordings.ofPhone")}
        placeholder={t("recordings.ofPhone")}
        value={deviceId}
        onChange={(id?: string) =>
          void navigate({ to: "/recordings", search: id === undefined ? {} : { id } })
        }
        options={[...phones].map(([value, label]) => ({ value, label }))}
      />
    </div>
  );
}

function RecordingTable({ recordings }: { readonly recordings: readonly Recording[] }) {
  const { t } = useTranslation();
  const isNarrow = useViewport().width < narrowPx;
  const columns = useColumns();
  return (
    <div className="rows" role="region" aria-label={t("nav.recordings")}>
      <Table<Recording>
        size="small"
        pagination={recordings.length > pageSize && { pageSize, showSizeChanger: false }}
        dataSource={recordings}
        rowKey={({ recordingId }) => recordingId}
        columns={isNarrow ? stacked(columns) : columns}
        showHeader={!isNarrow}
      />
    </div>
  );
}

function useColumns(): NonNullable<TableProps<Recording>["columns"]> {
  const { t } = useTranslation();
  const { time, duration, bytes } = useFormats();
  return [
    {
      title: t("recordings.phone"),
      render: (_, { deviceId, device }) => (
        <Link to="/phones/$device" params={{ device: deviceId }} search={{ look: true }}>
          <bdi>{device}</bdi>
        </Link>
      ),
    },
    { title: t("recordings.began"), render: (_, { startedAt }) => time(startedAt) },
    { title: t("recordings.length"), render: (_, { seconds }) => duration(seconds * 1000) },
    { title: t("recordings.size"), render: (_, one) => bytes(one.bytes) },
    {
      title: t("recordings.customer"),
      responsive: ["lg"],
      render: (_, { userId }) =>
        userId === null ? (
          t("recordings.nobody")
        ) : (
          <Link to="/users/$user" params={{ user: userId }}>
            <bdi>{userId}</bdi>
          </Link>
        ),
    },
    {
      title: <span className="unseen">{t("list.actions")}</span>,
      align: "right",
      render: (_, recording) => <Download recording={recording} />,
    },
  ];
}

function Download({ recording }: { readonly recording: Recording }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const save = useAct(saveRecording, { changes: [] });
  return (
    <Button
      size="small"
      icon={<DownloadOutlined />}
      loading={save.isPending}
      aria-label={`${t("recordings.download")}: ${recording.device}, ${time(recording.startedAt)}`}
      onClick={() => save.mutate(recording)}
    >
      {t(save.isPending ? "recordings.fetching" : "recordings.download")}
    </Button>
  );
}
