import { Link } from "@tanstack/react-router";
import { Button, Flex } from "antd";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { PowerButton } from "./power-button.tsx";
import { StateTag } from "./state-tag.tsx";
import { Panel } from "../../ui/panel.tsx";

interface PhoneCardProps {
  readonly device: Device;
  /** What it was rented by; null: not by a plan of this customer's. */
  readonly planName: string | null;
}

export function PhoneCard({ device, planName }: PhoneCardProps) {
  const { t, i18n } = useTranslation();
  const { name, spec, lease, hostState, reason } = device;
  const until = lease?.expiresAt
    ? t("phones.until", {
        when: new Intl.DateTimeFormat(i18n.language, {
          dateStyle: "medium",
          timeStyle: "short",
        }).format(new Date(lease.expiresAt)),
      })
    : t(lease ? "phones.untilReturned" : "phones.free");
  return (
    <Panel testId="phone">
      <Flex justify="space-between" align="center" gap={8}>
        <h2 className="name" title={name}>
          {name}
        </h2>
        <StateTag device={device} />
      </Flex>
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
      <Flex gap={8}>
        <Link to="/phones/$device" params={{ device: device.deviceId }}>
          <Button type="primary">{t("phones.open")}</Button>
        </Link>
        <PowerButton device={device} />
      </Flex>
    </Panel>
  );
}
