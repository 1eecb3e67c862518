import { InboxOutlined } from "@ant-design/icons";
import { Progress, Upload } from "antd";
import { type Ref, useImperativeHandle, useState } from "react";
import { useTranslation } from "react-i18next";
import { useRefusalWords } from "../../ui/use-refusal-words.ts";
import { CancelButton } from "../files/cancel-button.tsx";
import { saveOnPhone } from "../files/save-on-phone.ts";
import { visible } from "../../ui/visible.ts";
import { installApk } from "./install-apk.ts";

export interface AppDropTarget {
  take(files: readonly File[]): void;
}

interface Install {
  readonly key: string;
  readonly name: string;
  /** Of the upload, 0 to 100. */
  readonly percent: number;
  readonly status: "uploading" | "installing" | "installed" | "saved" | "failed" | "cancelled";
  readonly reason: string | null;
  readonly stop: AbortController;
}

interface AppDropProps {
  readonly deviceId: string;
  /** For files that are dropped elsewhere on the page. */
  readonly ref: Ref<AppDropTarget>;
}

/** Takes files and shows how far each is: an APK is installed on this phone, any other is saved among its downloads. */
export function AppDrop({ deviceId, ref }: AppDropProps) {
  const { t } = useTranslation();
  const words = useRefusalWords();
  const [installs, setInstalls] = useState<readonly Install[]>([]);
  const change = (key: string, what: Partial<Install>): void =>
    setInstalls((all) => all.map((one) => (one.key === key ? { ...one, ...what } : one)));

  const take = async (file: File): Promise<void> => {
    const key = crypto.randomUUID();
    const stop = new AbortController();
    const { signal } = stop;
    const known = { key, name: file.name, stop };
    const begun: Install = { ...known, percent: 0, status: "uploading", reason: null };
    setInstalls((all) => [begun, ...all].slice(0, 20));
    try {
      const onShare = (share: number): void => change(key, { percent: Math.round(share * 100) });
      if (!/\.apk$/i.test(file.name)) await saveOnPhone(deviceId, file, { onShare, signal });
      else
        await installApk(file, {
          deviceId,
          key,
          onUploaded: onShare,
          signal,
          onInstalling: () => change(key, { status: "installing", percent: 100 }),
        });
      change(key, { status: /\.apk$/i.test(file.name) ? "installed" : "saved", percent: 100 });
    } catch (error) {
      if (signal.aborted) change(key, { status: "cancelled" });
      else change(key, { status: "failed", reason: words(error) });
    }
  };
  useImperativeHandle(ref, () => ({
    take: (files) => {
      for (const file of files) void take(file);
    },
  }));
  return (
    <section>
      <h2>{t("files.title")}</h2>
      <Upload.Dragger
        multiple
        showUploadList={false}
        beforeUpload={(file) => {
          void take(file);
          return false;
        }}
      >
        <InboxOutlined style={{ fontSize: 28, opacity: 0.6 }} />
        <p style={{ margin: "8px 12px 0" }}>{t("files.drop")}</p>
      </Upload.Dragger>
      <div className="installs" aria-live="polite">
        {installs.map((install) => (
          <InstallRow key={install.key} install={install} />
        ))}
      </div>
    </section>
  );
}

function InstallRow({ install }: { readonly install: Install }) {
  const { name, percent, status, reason, stop } = install;
  const { t } = useTranslation();
  const bar = {
    uploading: "active",
    installing: "active",
    installed: "success",
    saved: "success",
    failed: "exception",
    cancelled: "normal",
  } as const;
  return (
    <div>
      <div className="name">{visible(name)}</div>
      <Progress percent={percent} size="small" showInfo={false} status={bar[status]} />
      <span className={status === "failed" ? "bad" : "faint"}>
        {status === "uploading" ? t("files.uploading", { percent }) : t(`files.${status}`)}
        {reason && `: ${reason}`}
      </span>
      {status === "uploading" && <CancelButton name={name} onCancel={() => stop.abort()} />}
    </div>
  );
}
