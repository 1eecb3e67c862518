import { Link } from "@tanstack/react-router";
import { Button, Card, Flex, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";
import { PowerButton } from "./power-button.tsx";
import { StateTag } from "./state-tag.tsx";

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
    <Card size="small" data-testid="phone">
      <Flex justify="space-between" align="center" gap={8}>
        <Typography.Title
          level={2}
          className="name"
          style={{ fontSize: 16, margin: 0 }}
          title={name}
        >
          {name}
        </Typography.Title>
        <StateTag device={device} />
      </Flex>
      <div className="facts">
        <span>
          {planName ?? t("phones.noPlan")} · {until}
        </span>
        <span>
          {t("phones.screen", { width: spec.width, height: spec.height })} · {spec.provider}
        </span>
        {hostState !== "connected" && (
          <Typography.Text type="warning">{t("phones.hostAway")}</Typography.Text>
        )}
        {device.state === "failed" && reason && (
          <Typography.Text type="danger">{reason}</Typography.Text>
        )}
      </div>
      <Flex gap={8}>
        <Link to="/phones/$device" params={{ device: device.deviceId }}>
          <Button type="primary">{t("phones.open")}</Button>
        </Link>
        <PowerButton device={device} />
      </Flex>
    </Card>
  );
}
