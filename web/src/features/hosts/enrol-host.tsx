import { PlusOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";
import { CopyText } from "../../ui/copy-text.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useFormats } from "../../ui/use-formats.ts";
import { useUser } from "../../ui/use-user.ts";
import { Dialog } from "../../ui/dialog.tsx";

/** Makes a token for one more host and shows the one command that uses it. Administrators alone may. */
export function EnrolHost() {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const isAdmin = useUser()?.role === "admin";
  return (
    <>
      <Button
        type="primary"
        icon={<PlusOutlined />}
        disabled={!isAdmin}
        title={isAdmin ? undefined : t("hosts.adminOnly")}
        onClick={() => setOpen(true)}
      >
        {t("hosts.add")}
      </Button>
      {isOpen && <Enrolment onClose={() => setOpen(false)} />}
    </>
  );
}

function Enrolment({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const enrolment = useAct(() => api.hosts.createEnrollment.mutate({}), { changes: [] });
  const token = enrolment.data?.token;
  return (
    <Dialog
      title={t("hosts.add")}
      onCancel={onClose}
      footer={
        token === undefined ? (
          <Button
            type="primary"
            loading={enrolment.isPending}
            onClick={() => enrolment.mutate(undefined)}
          >
            {t("hosts.makeCommand")}
          </Button>
        ) : (
          <Button type="primary" onClick={onClose}>
            {t("app.close")}
          </Button>
        )
      }
    >
      <label className="field">
        {t("hosts.name")}
        <Input
          value={name}
          maxLength={60}
          placeholder="rack2"
          onChange={({ target }) => setName(target.value)}
        />
      </label>
      {enrolment.data && <Command name={name} enrolment={enrolment.data} />}
    </Dialog>
  );
}

interface CommandProps {
  readonly name: string;
  readonly enrolment: { readonly token: string; readonly expiresAt: string };
}

function Command({ name, enrolment: { token, expiresAt } }: CommandProps) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const hub = window.location.origin;
  const named = name.replaceAll(/[^\w.-]/g, "-") || "$(hostname)";
  const install = `curl -fsS ${hub}/install/agent.sh | sudo sh -s -- --hub ${hub} --token ${token} --name ${named}`;
  const byHand = `bin/cloudphone enroll ${token} --hub ${hub} --name ${named}`;
  return (
    <div className="commands" aria-live="polite">
      <p>{t("hosts.commandHint")}</p>
      <CopyText isBlock text={install} label={t("hosts.installCommand")} />
      <p>{t("hosts.byHandHint")}</p>
      <CopyText isBlock text={byHand} label={t("hosts.byHandCommand")} />
      <p className="faint">{t("hosts.tokenOnce", { when: time(expiresAt) })}</p>
    </div>
  );
}
