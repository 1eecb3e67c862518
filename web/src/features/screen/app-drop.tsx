import { type Ref, useImperativeHandle } from "react";
import { useTranslation } from "react-i18next";
import { DropPlace } from "../../ui/drop-place.tsx";
import { saveOnPhone } from "../files/save-on-phone.ts";
import { TransferList } from "../files/transfer-list.tsx";
import { useTransfers } from "../files/use-transfers.ts";
import { installApk } from "./install-apk.ts";

export interface AppDropTarget {
  take(files: readonly File[]): void;
}

interface AppDropProps {
  readonly deviceId: string;
  /** For files that are dropped elsewhere on the page. */
  readonly ref: Ref<AppDropTarget>;
}

const isApk = ({ name }: File): boolean => /\.apk$/i.test(name);

/** Takes files and shows how far each is: an APK is installed on this phone, any other is saved among its downloads. */
export function AppDrop({ deviceId, ref }: AppDropProps) {
  const { t } = useTranslation();
  const { transfers, begin, cancel } = useTransfers();
  const take = (files: readonly File[]): void => {
    for (const file of files)
      void begin({ way: isApk(file) ? "app" : "saved", name: file.name }, (onShare, signal) =>
        isApk(file)
          ? installApk(file, { deviceId, key: crypto.randomUUID(), onShare, signal })
          : saveOnPhone(deviceId, file, { onShare, signal }),
      );
  };
  useImperativeHandle(ref, () => ({ take }));
  return (
    <section>
      <h2>{t("files.title")}</h2>
      <DropPlace label={t("files.drop")} onFiles={take} />
      <TransferList transfers={transfers} onCancel={cancel} />
    </section>
  );
}
