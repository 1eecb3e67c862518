import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { PowerButton } from "./power-button.tsx";
import { StateTag } from "./state-tag.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useFormats } from "../../ui/use-formats.ts";

/** A customer without phones has no use for it: it is no part of the first page. */
const Thumbnail = lazy(async () => ({ default: (await import("./thumbnail.tsx")).Thumbnail }));

interface PhoneCardProps {
  readonly device: Device;
  /** What it was rented by; null: not by a plan of this customer's. */
  readonly planName: string | null;
}

export function PhoneCard({ device, planName }: PhoneCardProps) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const { name, spec, lease, hostState, reason } = device;
  const until = lease?.expiresAt
    ? t("phones.until", { when: time(lease.expiresAt) })
    : t(lease ? "phones.untilReturned" : "phones.free");
  return (
    <Panel testId="phone">
      <div className="phone-head">
        <h2 className="name" title={name}>
          {name}
        </h2>
        <StateTag device={device} />
      </div>
      <Suspense fallback={<div className="thumbnail" />}>
        <Thumbnail device={device} />
      </Suspense>
      <div className="facts">
        <span>
          {planName ?? t("phones.noPlan")} · {until}
        </span>
        <span>
          {t("phones.screen", { width: spec.width, height: spec.height })} · {spec.provider}
        </span>
        {hostState !== "connected" && <span className="bad">{t("phones.hostAway")}</span>}
        {device.state === "failed" && reason && <bdi className="bad">{reason}</bdi>}
      </div>
      <div className="page-actions">
        <Link
          to="/phones/$device"
          params={{ device: device.deviceId }}
          className="button primary"
          aria-label={`${t("phones.open")}: ${name}`}
        >
          {t("phones.open")}
        </Link>
        <PowerButton device={device} />
      </div>
    </Panel>
  );
}
