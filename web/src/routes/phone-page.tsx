import { useParams, useSearch } from "@tanstack/react-router";
import { Result, Skeleton } from "antd";
import { useTranslation } from "react-i18next";
import { usePhones } from "../features/phones/use-phones.ts";
import { Phone } from "../features/screen/phone.tsx";
import { useRefusalWords } from "../ui/use-refusal-words.ts";
import { Missing } from "../ui/missing.tsx";

/** One phone: its screen, to be used. `?look=true` only looks. */
export function PhonePage() {
  const { device: ref } = useParams({ from: "/signed-in/phones/$device" });
  const { look = false } = useSearch({ from: "/signed-in/phones/$device" });
  const { t } = useTranslation();
  const words = useRefusalWords();
  const phones = usePhones();
  const device = phones.data?.find(({ deviceId, name }) => deviceId === ref || name === ref);
  if (device) return <Phone key={device.deviceId} device={device} viewOnly={look} />;
  if (phones.isPending)
    return (
      <div className="content">
        <Skeleton active />
      </div>
    );
  if (!phones.data) return <Result status="warning" title={words(phones.error)} />;
  return ref === "" ? <Missing /> : <Result status="404" title={t("fault.not_found")} />;
}
