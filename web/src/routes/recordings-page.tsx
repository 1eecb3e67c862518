import { DownloadOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Button, type TableProps } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Recording } from "../api.ts";
import { saveRecording } from "../features/recordings/save-recording.ts";
import { PageFrame } from "../ui/page-frame.tsx";
import { Rows } from "../ui/rows.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { useAct } from "../ui/use-act.ts";
import { useFormats } from "../ui/use-formats.ts";

/** Films of screens, which lie on the phones' hosts; the newest first. */
export function RecordingsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const columns = useColumns();
  return (
    <PageFrame title={t("nav.recordings")} lead={t("recordings.lead")}>
      <div className="filters">
        <SearchBox label={t("recordings.ofPhone")} value={search} onChange={setSearch} />
      </div>
      <Rows<Recording>
        label={t("nav.recordings")}
        queryKey={["recordings.list", search]}
        page={(after, limit) =>
          api.recordings.list.query({
            limit,
            ...(search && { search }),
            ...(after && { before: after.recordingId }),
          })
        }
        rowKey={({ recordingId }) => recordingId}
        empty={t(search ? "recordings.noneOfPhone" : "recordings.none")}
        columns={columns}
        isStacked
      />
    </PageFrame>
  );
}

function useColumns(): NonNullable<TableProps<Recording>["columns"]> {
  const { t } = useTranslation();
  const { time, duration, bytes } = useFormats();
  return [
    {
      title: t("recordings.phone"),
      width: 180,
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
      render: (_, { userId, email }) =>
        userId === null ? (
          t("recordings.nobody")
        ) : (
          <Link to="/users/$user" params={{ user: userId }}>
            <bdi>{email}</bdi>
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
