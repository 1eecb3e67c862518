import { Link, useParams, useSearch } from "@tanstack/react-router";
import { Result } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { type Device, refusalOf } from "../api.ts";
import { usePhone } from "../features/phones/use-phones.ts";
import { Phone } from "../features/screen/phone.tsx";
import { useRefusalWords } from "../ui/use-refusal-words.ts";
import { parseWithoutEval } from "../zod-without-eval.ts";
import { Skeleton } from "../ui/skeleton.tsx";

parseWithoutEval();

/** One phone: its screen, to be used. `?look=true` only looks. */
export function PhonePage() {
  const { device: ref } = useParams({ from: "/signed-in/phones/$device" });
  const { look = false } = useSearch({ from: "/signed-in/phones/$device" });
  const { t } = useTranslation();
  const words = useRefusalWords();
  const phone = usePhone(ref);
  // A phone that is taken away under the hands stays as it was: its screen says why.
  const seen = useRef<Device | null>(null);
  if (phone.data) seen.current = phone.data;
  const device = phone.data ?? seen.current;
  if (device) return <Phone key={device.deviceId} device={device} viewOnly={look} />;
  if (!phone.error)
    return (
      <div className="content">
        <Skeleton />
      </div>
    );
  if (refusalOf(phone.error).code !== "not_found")
    return <Result status="warning" title={words(phone.error)} />;
  return (
    <Result status="404" title={t("phones.none")} extra={<Link to="/">{t("app.toPhones")}</Link>} />
  );
}
