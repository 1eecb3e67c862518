import { ReloadOutlined, UploadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { type ChangeEvent, type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { pullFile, pushFile } from "../../adb/files.ts";
import { inSync, type RemoteEntry } from "../../adb/sync.ts";
import { Answer } from "../../ui/answer.tsx";
import { saveFile } from "../../ui/save-file.ts";
import { SearchBox } from "../../ui/search-box.tsx";
import { visible } from "../../ui/visible.ts";
import { FolderList } from "./folder-list.tsx";
import { inside, steps } from "./paths.ts";
import { downloadsFolder } from "./save-on-phone.ts";
import { TransferList } from "./transfer-list.tsx";
import { usePhoneLine } from "./use-line.ts";
import { useTransfers } from "./use-transfers.ts";

/** The phone's files: folders to walk through, files to take and to bring. */
export function PhoneFiles({ deviceId }: { readonly deviceId: string }) {
  const { t } = useTranslation();
  const [folder, setFolder] = useState(downloadsFolder);
  const [words, setWords] = useState("");
  const [isOver, setOver] = useState(false);
  const { entries, transfers, cancel, take, bring } = useFiles(deviceId, folder);
  const go = (to: string): void => {
    setFolder(to);
    setWords("");
  };
  const open = (entry: RemoteEntry): void => {
    if (entry.kind === "file") take(entry);
    else go(inside(folder, entry.name));
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    bring([...event.dataTransfer.files]);
  };
  return (
    <section
      className={isOver ? "work over" : "work"}
      data-testid="files"
      onDrop={drop}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
    >
      <Steps folder={folder} onGo={go} />
      <div className="work-bar">
        <BringButton onFiles={bring} />
        <div className="fill">
          <SearchBox
            key={folder}
            label={t("phoneFiles.search")}
            value={words}
            onChange={setWords}
          />
        </div>
        <Button
          size="small"
          icon={<ReloadOutlined />}
          aria-label={t("phoneFiles.again")}
          title={t("phoneFiles.again")}
          onClick={() => void entries.refetch()}
        />
      </div>
      <div className="work-rest">
        <Answer query={entries}>
          {(found) => <FolderList entries={found} words={words} onOpen={open} />}
        </Answer>
      </div>
      <span className="faint">{t("phoneFiles.hint")}</span>
      <TransferList transfers={transfers} onCancel={cancel} />
    </section>
  );
}

function useFiles(deviceId: string, folder: string) {
  const line = usePhoneLine(deviceId);
  const { transfers, begin, cancel } = useTransfers();
  const entries = useQuery({
    queryKey: ["phone.files", deviceId, folder],
    // What a link leads to is told only of a path that ends so.
    queryFn: () => line.use((phone) => inSync(phone, (sync) => sync.list(inside(folder, "")))),
    gcTime: 0,
  });
  const take = ({ name, bytes }: RemoteEntry): void =>
    void begin({ way: "down", name }, async (onShare, signal) => {
      const onBytes = (got: number): void => onShare(got <= bytes ? got / bytes : null);
      const from = inside(folder, name);
      saveFile(name, await line.use((phone) => pullFile(phone, from, { onBytes, signal })));
    });
  const bring = (files: readonly File[]): void => {
    for (const file of files)
      void begin({ way: "up", name: file.name }, (onShare, signal) => {
        const to = inside(folder, file.name);
        const onBytes = (sent: number): void => onShare(sent / file.size);
        return line.use((phone) => pushFile(phone, { file, to }, { onBytes, signal }));
      }).then(() => entries.refetch());
  };
  return { entries, transfers, cancel, take, bring };
}

function Steps({ folder, onGo }: { readonly folder: string; onGo(to: string): void }) {
  const { t } = useTranslation();
  return (
    <div className="steps" role="group" aria-label={t("phoneFiles.folder")}>
      {steps(folder).map(({ name, path }) => (
        <Button
          key={path}
          type="text"
          size="small"
          disabled={path === folder}
          onClick={() => onGo(path)}
        >
          <bdi className="name">{visible(name)}</bdi>
        </Button>
      ))}
    </div>
  );
}

function BringButton({ onFiles }: { onFiles(files: readonly File[]): void }) {
  const { t } = useTranslation();
  const choose = ({ currentTarget }: ChangeEvent<HTMLInputElement>): void => {
    onFiles([...(currentTarget.files ?? [])]);
    currentTarget.value = "";
  };
  return (
    <label className="bring">
      <UploadOutlined /> {t("phoneFiles.bring")}
      <input type="file" multiple aria-label={t("phoneFiles.bring")} onChange={choose} />
    </label>
  );
}
