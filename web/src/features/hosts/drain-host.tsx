import { Button, Form, Radio } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type HostDetail } from "../../api.ts";
import { FormDialog, ReasonField } from "../../ui/form-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";

interface Wish {
  readonly leases: "keep" | "end" | "move";
  readonly reason: string;
}

/** Empties a host, or has it take phones again. */
export function DrainHost({ host: { hostId, drain } }: { readonly host: HostDetail }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const undrain = useAct((id: string) => api.hosts.undrain.mutate({ hostId: id }), {
    changes: ["hosts."],
  });
  if (drain)
    return (
      <Button loading={undrain.isPending} onClick={() => undrain.mutate(hostId)}>
        {t("hosts.undrain")}
      </Button>
    );
  return (
    <>
      <Button onClick={() => setOpen(true)}>{t("hosts.drain")}</Button>
      {isOpen && <Ask hostId={hostId} onClose={() => setOpen(false)} />}
    </>
  );
}

function Ask({ hostId, onClose }: { readonly hostId: string; onClose(): void }) {
  const { t } = useTranslation();
  const drain = useAct((wish: Wish) => api.hosts.drain.mutate({ hostId, ...wish }), {
    changes: ["hosts.", "devices."],
    onDone: onClose,
  });
  return (
    <FormDialog title={t("hosts.drain")} act={drain} initial={{ leases: "keep" }} onClose={onClose}>
      <Form.Item name="leases" label={t("hosts.drainLeases")}>
        <Radio.Group
          className="choices"
          options={(["keep", "move", "end"] as const).map((value) => ({
            value,
            label: t(`hosts.drainChoice.${value}`),
          }))}
        />
      </Form.Item>
      <ReasonField />
    </FormDialog>
  );
}
