import { mostRecordingDays } from "@cloudphone/shared/device";
import { Button, Form, InputNumber, Radio } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Device } from "../../api.ts";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useRights } from "../roles/use-rights.ts";

/** Whether a phone's screen is filmed and for how long films are kept: for its customer to know, and its operator to say. */
export function Filming({ device }: { readonly device: Device }) {
  const { t } = useTranslation();
  const mayChange = useRights().has("recordings.write");
  const [isAsked, setAsked] = useState(false);
  const { recordingDays, recordingDaysAreOwn } = device;
  if (recordingDays === 0 && !mayChange) return null;
  return (
    <section data-testid="filming">
      <h2>{t("recordings.filming")}</h2>
      <p className="lead">
        {recordingDays === 0 ? t("recordings.off") : t("recordings.on", { count: recordingDays })}
        {mayChange && !recordingDaysAreOwn && ` ${t("recordings.asHost")}`}
      </p>
      {mayChange && (
        <Button size="small" onClick={() => setAsked(true)}>
          {t("recordings.change")}
        </Button>
      )}
      {isAsked && <Ask device={device} onClose={() => setAsked(false)} />}
    </section>
  );
}

const choices = ["host", "never", "days"] as const;

interface Wish {
  readonly choice: (typeof choices)[number];
  readonly days: number;
}

const usualDays = 7;

function Ask({ device, onClose }: { readonly device: Device; onClose(): void }) {
  const { t } = useTranslation();
  const { deviceId, recordingDays, recordingDaysAreOwn } = device;
  const daysOf = { host: () => null, never: () => 0, days: ({ days }: Wish) => days };
  const set = useAct(
    (wish: Wish) =>
      api.recordings.setPolicy.mutate({ device: deviceId, days: daysOf[wish.choice](wish) }),
    { changes: ["devices."], done: t("recordings.saved"), onDone: onClose },
  );
  const own = recordingDays === 0 ? "never" : "days";
  const initial: Wish = {
    choice: recordingDaysAreOwn ? own : "host",
    days: recordingDays === 0 ? usualDays : recordingDays,
  };
  return (
    <FormDialog<Wish>
      title={t("recordings.change")}
      act={set}
      initial={initial}
      lead={<p className="faint">{t("recordings.hint")}</p>}
      onClose={onClose}
    >
      <Form.Item name="choice" label={t("recordings.whether")}>
        <Radio.Group
          options={choices.map((value) => ({ value, label: t(`recordings.choice.${value}`) }))}
        />
      </Form.Item>
      <Form.Item noStyle dependencies={["choice"]}>
        {({ getFieldValue }) =>
          getFieldValue("choice") === "days" && (
            <Form.Item
              name="days"
              label={t("recordings.keep")}
              rules={[{ required: true, message: t("signIn.needed") }]}
            >
              <InputNumber className="wide" min={1} max={mostRecordingDays} precision={0} />
            </Form.Item>
          )
        }
      </Form.Item>
    </FormDialog>
  );
}
