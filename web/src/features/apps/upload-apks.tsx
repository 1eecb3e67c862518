import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { DropPlace } from "../../ui/drop-place.tsx";
import { TransferList } from "../files/transfer-list.tsx";
import { useTransfers } from "../files/use-transfers.ts";
import { uploadApk } from "./upload-apk.ts";

/** A place to drop packages on, and how far each of them is. */
export function UploadApks() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { transfers, begin, cancel } = useTransfers();
  const take = (files: readonly File[]): void => {
    for (const file of files)
      void begin({ way: "up", name: file.name }, async (onUploaded, signal) => {
        await uploadApk(file, { onUploaded, signal });
        await client.invalidateQueries({ queryKey: ["apps.list"] });
      });
  };
  return (
    <div className="upload">
      <DropPlace label={t("apps.drop")} accept=".apk" onFiles={take} />
      <TransferList transfers={transfers} onCancel={cancel} />
    </div>
  );
}
