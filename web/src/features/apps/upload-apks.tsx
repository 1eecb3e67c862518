import { InboxOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Progress } from "antd";
import { type ChangeEvent, type DragEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useRefusalWords } from "../../ui/use-refusal-words.ts";
import { CancelButton } from "../files/cancel-button.tsx";
import { uploadApk } from "./upload-apk.ts";

interface Upload {
  readonly id: string;
  readonly name: string;
  readonly share: number;
  readonly state: "going" | "done" | "refused" | "cancelled";
  /** Why it was refused. */
  readonly reason: string | null;
  readonly stop: AbortController;
}

/** A place to drop packages on, and how far each of them is. */
export function UploadApks() {
  const { t } = useTranslation();
  const { uploads, take } = useUploads();
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    take([...event.dataTransfer.files]);
  };
  const choose = ({ currentTarget }: ChangeEvent<HTMLInputElement>): void => {
    take([...(currentTarget.files ?? [])]);
    currentTarget.value = "";
  };
  return (
    <div className="upload">
      <label
        className={isOver ? "upload-place over" : "upload-place"}
        onDrop={drop}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
      >
        <InboxOutlined />
        <span>{t("apps.drop")}</span>
        <input type="file" multiple accept=".apk" aria-label={t("apps.drop")} onChange={choose} />
      </label>
      <ul className="uploads" aria-live="polite">
        {uploads.map((upload) => (
          <UploadLine key={upload.id} upload={upload} />
        ))}
      </ul>
    </div>
  );
}

const statuses = {
  going: "active",
  done: "success",
  refused: "exception",
  cancelled: "normal",
} as const;

function UploadLine({ upload }: { readonly upload: Upload }) {
  const { name, share, state, reason, stop } = upload;
  const { t } = useTranslation();
  return (
    <li>
      <bdi className="name" title={name.slice(0, 300)}>
        {name}
      </bdi>
      <Progress
        percent={Math.round(share * 100)}
        size="small"
        aria-label={t("apps.progress", { name: name.slice(0, 100) })}
        status={statuses[state]}
      />
      {state === "going" && <CancelButton name={name} onCancel={() => stop.abort()} />}
      {state === "cancelled" && <span className="faint">{t("app.cancelled")}</span>}
      {state === "done" && <span>{t("apps.uploaded")}</span>}
      {state === "refused" && <span role="alert">{reason}</span>}
    </li>
  );
}

function useUploads() {
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const words = useRefusalWords();
  const client = useQueryClient();
  const change = (id: string, part: Partial<Upload>): void =>
    setUploads((before) => before.map((one) => (one.id === id ? { ...one, ...part } : one)));
  const send = async (file: File): Promise<void> => {
    const id = crypto.randomUUID();
    const stop = new AbortController();
    const begun: Upload = { id, name: file.name, share: 0, state: "going", reason: null, stop };
    setUploads((before) => [begun, ...before]);
    try {
      const onUploaded = (share: number): void => change(id, { share });
      await uploadApk(file, { onUploaded, signal: stop.signal });
      change(id, { share: 1, state: "done" });
      await client.invalidateQueries({ queryKey: ["apps.list"] });
    } catch (error) {
      if (stop.signal.aborted) change(id, { state: "cancelled" });
      else change(id, { state: "refused", reason: words(error) });
    }
  };
  const take = (files: readonly File[]): void => {
    // One after the other: the line is the same for all of them.
    void files.reduce((before, file) => before.then(() => send(file)), Promise.resolve());
  };
  return { uploads, take };
}
