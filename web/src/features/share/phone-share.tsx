import { LinkOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { CopyText } from "../../ui/copy-text.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";

const choices = [15, 60, 240, 1440] as const;
const askEveryMs = 10_000;
const minuteMs = 60_000;

/** Shows the phone to others: links that let somebody without an account look for a while, and what was given out so far. */
export function PhoneShare({ deviceId }: { readonly deviceId: string }) {
  const { t } = useTranslation();
  const { duration } = useFormats();
  const [minutes, setMinutes] = useState<number>(60);
  const [made, setMade] = useState<{ readonly shareId: string; readonly address: string } | null>(
    null,
  );
  const create = useAct(
    (wish: { minutes: number }, idempotencyKey) =>
      api.shares.create.mutate({ device: deviceId, ...wish, idempotencyKey }),
    {
      changes: ["shares."],
      onDone: ({ shareId, link }) => setMade({ shareId, address: addressOf(link) }),
    },
  );
  return (
    <section className="share" data-testid="share">
      <p>{t("share.lead")}</p>
      <div className="work-bar">
        <Select<number>
          aria-label={t("share.lasts")}
          value={minutes}
          onChange={setMinutes}
          options={choices.map((value) => ({ value, label: duration(value * minuteMs) }))}
        />
        <Button
          type="primary"
          icon={<LinkOutlined />}
          loading={create.isPending}
          onClick={() => create.mutate({ minutes })}
        >
          {t("share.make")}
        </Button>
      </div>
      {made && (
        <Alert
          type="success"
          title={t("share.made")}
          description={<CopyText text={made.address} label={t("share.link")} isBlock />}
        />
      )}
      <h2>{t("share.given")}</h2>
      <Shares
        deviceId={deviceId}
        onRevoked={(shareId) => setMade((before) => (before?.shareId === shareId ? null : before))}
      />
    </section>
  );
}

/** Behind the `#`: what stands there is sent to no server, and lands in no log. */
const addressOf = (link: string): string => `${window.location.origin}/shared#${link}`;

interface SharesProps {
  readonly deviceId: string;
  onRevoked(shareId: string): void;
}

function Shares({ deviceId, onRevoked }: SharesProps) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const shares = useQuery({
    queryKey: ["shares.list", deviceId],
    queryFn: () => api.shares.list.query({ deviceId }),
    // Who looks comes and goes without the owner's doing.
    refetchInterval: askEveryMs,
  });
  const revoke = useAct(
    async (shareId: string) => {
      await api.shares.revoke.mutate({ shareId });
      return shareId;
    },
    { changes: ["shares."], done: t("share.revoked"), onDone: onRevoked },
  );
  return (
    <Answer query={shares} lines={2}>
      {(found) =>
        found.length === 0 ? (
          <p className="faint">{t("share.none")}</p>
        ) : (
          <ul className="items">
            {found.map(({ shareId, expiresAt, visitors }) => (
              <li key={shareId}>
                <span>{t("phones.until", { when: time(expiresAt) })}</span>
                <Button
                  size="small"
                  danger
                  loading={revoke.isPending && revoke.variables === shareId}
                  onClick={() => revoke.mutate(shareId)}
                >
                  {t("share.revoke")}
                </Button>
                <span className="faint">{t("share.visitors", { count: visitors })}</span>
              </li>
            ))}
          </ul>
        )
      }
    </Answer>
  );
}
