import { Link, useParams, useSearch } from "@tanstack/react-router";
import { Result, Skeleton } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Device } from "../api.ts";
import { usePhones } from "../features/phones/use-phones.ts";
import { Phone } from "../features/screen/phone.tsx";
import { useRefusalWords } from "../ui/use-refusal-words.ts";

/** One phone: its screen, to be used. `?look=true` only looks. */
export function PhonePage() {
  const { device: ref } = useParams({ from: "/signed-in/phones/$device" });
  const { look = false } = useSearch({ from: "/signed-in/phones/$device" });
  const { t } = useTranslation();
  const words = useRefusalWords();
  const phones = usePhones();
  const found = phones.data?.find(({ deviceId, name }) => deviceId === ref || name === ref);
  // A phone that is taken away under the hands stays as it was: its screen says why.
  const seen = useRef<Device | null>(null);
  if (found) seen.current = found;
  const device = found ?? seen.current;
  if (device) return <Phone key={device.deviceId} device={device} viewOnly={look} />;
  if (phones.isPending)
    return (
      <div className="content">
        <Skeleton active />
      </div>
    );
  if (!phones.data) return <Result status="warning" title={words(phones.error)} />;
  return (
    <Result
      status="404"
      title={t("fault.not_found")}
      extra={<Link to="/">{t("app.toPhones")}</Link>}
    />
  );
}
