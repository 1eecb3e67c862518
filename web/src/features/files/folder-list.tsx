import { FileOutlined, FolderFilled, LinkOutlined } from "@ant-design/icons";
import { Empty } from "antd";
import { useTranslation } from "react-i18next";
import type { RemoteEntry } from "../../adb/sync.ts";
import { useFormats } from "../../ui/use-formats.ts";
import { visible } from "../../ui/visible.ts";
import { sorted } from "./paths.ts";

/** More are not drawn: whoever seeks one of them looks for its name. */
const drawnEntries = 500;
const icons = {
  folder: FolderFilled,
  link: LinkOutlined,
  file: FileOutlined,
  other: FileOutlined,
} as const;

interface FolderListProps {
  readonly entries: readonly RemoteEntry[];
  readonly words: string;
  onOpen(entry: RemoteEntry): void;
}

/** What lies in a folder. Names are text, and what in them can't be seen is named. */
export function FolderList({ entries, words, onOpen }: FolderListProps) {
  const { t, i18n } = useTranslation();
  const found = sorted(entries, { words, language: i18n.language });
  if (found.length === 0)
    return (
      <Empty
        image={Empty.PRESENTED_IMAGE_SIMPLE}
        description={t(words === "" ? "phoneFiles.empty" : "phoneFiles.noMatch")}
      />
    );
  return (
    <>
      <ul className="folder">
        {found.slice(0, drawnEntries).map((entry) => (
          <EntryRow key={entry.name} entry={entry} onOpen={onOpen} />
        ))}
      </ul>
      {found.length > drawnEntries && (
        <p className="faint">
          {t("phoneFiles.more", { shown: drawnEntries, count: found.length })}
        </p>
      )}
    </>
  );
}

interface EntryRowProps {
  readonly entry: RemoteEntry;
  onOpen(entry: RemoteEntry): void;
}

function EntryRow({ entry, onOpen }: EntryRowProps) {
  const { t } = useTranslation();
  const { bytes, time } = useFormats();
  const Icon = icons[entry.kind];
  const isFile = entry.kind === "file";
  return (
    <li>
      <button
        type="button"
        disabled={entry.kind === "other"}
        title={isFile ? t("phoneFiles.take") : undefined}
        onClick={() => onOpen(entry)}
      >
        <Icon aria-hidden />
        <bdi className="name">{visible(entry.name)}</bdi>
        <span className="faint">{isFile ? bytes(entry.bytes) : ""}</span>
        <span className="faint when">
          {entry.modifiedS > 0 ? time(new Date(entry.modifiedS * 1000).toISOString()) : ""}
        </span>
      </button>
    </li>
  );
}
