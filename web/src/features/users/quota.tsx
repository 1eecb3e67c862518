import { useQuery } from "@tanstack/react-query";
import { Button, Form, InputNumber, Progress } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Account, api, type QuotaStanding } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";

/** How much one account may have at a time, and has. */
export function Quota({ account: { email } }: { readonly account: Account }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const quota = useQuery({
    queryKey: ["quotas.show", email],
    queryFn: () => api.quotas.show.query({ account: email }),
  });
  return (
    <Panel
      title={t("person.quota")}
      extra={
        <Button size="small" disabled={!quota.data} onClick={() => setOpen(true)}>
          {t("person.changeQuota")}
        </Button>
      }
    >
      <Answer query={quota} lines={3}>
        {(standing) => (
          <>
            <Standing standing={standing} />
            {isOpen && <Ask email={email} standing={standing} onClose={() => setOpen(false)} />}
          </>
        )}
      </Answer>
    </Panel>
  );
}

function Standing({ standing: { limits, used } }: { readonly standing: QuotaStanding }) {
  const { t } = useTranslation();
  const { number, bytes } = useFormats();
  const rows = [
    [t("person.devices"), used.devices, limits.devices, number],
    [t("person.storage"), used.storageBytes, limits.storageBytes, bytes],
    [t("person.sessions"), used.sessions, limits.sessions, number],
  ] as const;
  return (
    <ul className="items">
      {rows.map(([name, has, most, format]) => (
        <li key={name}>
          <span>{name}</span>
          <span>{t("person.of", { used: format(has), most: format(most) })}</span>
          <Progress
            className="wide"
            size="small"
            showInfo={false}
            aria-label={name}
            percent={most === 0 ? 100 : Math.min(100, (has / most) * 100)}
            status={has >= most ? "exception" : "normal"}
          />
        </li>
      ))}
    </ul>
  );
}

const gibibyte = 1024 ** 3;

interface Wish {
  readonly devices: number;
  readonly gibibytes: number;
  readonly sessions: number;
}

interface AskProps {
  readonly email: string;
  readonly standing: QuotaStanding;
  onClose(): void;
}

function Ask({ email, standing: { limits }, onClose }: AskProps) {
  const { t } = useTranslation();
  const set = useAct(
    (change: QuotaChange) => api.quotas.set.mutate({ account: email, ...change }),
    { changes: ["quotas.", "audit."], done: t("person.quotaSaved"), onDone: onClose },
  );
  return (
    <FormDialog
      title={`${t("person.quota")}: ${email}`}
      doText={t("person.changeQuota")}
      act={{ ...set, mutate: (wish) => set.mutate(changeOf(wish, limits)) }}
      initial={wishOf(limits)}
      lead={<p>{t("person.quotaHint")}</p>}
      other={<Button onClick={() => set.mutate(everybodys)}>{t("person.everybodys")}</Button>}
      onClose={onClose}
    >
      <Figures />
    </FormDialog>
  );
}

type Limits = QuotaStanding["limits"];
type QuotaChange = { [K in keyof Limits]?: number | null };

const everybodys: QuotaChange = { devices: null, storageBytes: null, sessions: null };

const wishOf = ({ devices, storageBytes, sessions }: Limits): Wish => ({
  devices,
  gibibytes: storageBytes / gibibyte,
  sessions,
});

/** What is as it was is not said: it stays everybody's, should it be that. */
function changeOf({ devices, gibibytes, sessions }: Wish, limits: Limits): QuotaChange {
  const before = wishOf(limits);
  return {
    ...(devices !== before.devices && { devices }),
    ...(gibibytes !== before.gibibytes && { storageBytes: Math.round(gibibytes * gibibyte) }),
    ...(sessions !== before.sessions && { sessions }),
  };
}

function Figures() {
  const { t } = useTranslation();
  const rules = [{ required: true, message: t("signIn.needed") }];
  const whole = { min: 0, precision: 0, className: "wide" };
  return (
    <>
      <Form.Item name="devices" label={t("person.devices")} rules={rules}>
        <InputNumber {...whole} max={1_000_000} autoFocus />
      </Form.Item>
      <Form.Item
        name="gibibytes"
        label={`${t("person.storage")}: ${t("person.gigabytes")}`}
        rules={rules}
      >
        <InputNumber className="wide" min={0} max={2 ** 20} />
      </Form.Item>
      <Form.Item name="sessions" label={t("person.sessions")} rules={rules}>
        <InputNumber {...whole} max={100_000} />
      </Form.Item>
    </>
  );
}
