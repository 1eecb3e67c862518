import { Button, Form, Input, Modal, Radio } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type HostDetail } from "../../api.ts";
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
  const [form] = Form.useForm<Wish>();
  const drain = useAct((wish: Wish) => api.hosts.drain.mutate({ hostId, ...wish }), {
    changes: ["hosts.", "devices."],
    onDone: onClose,
  });
  return (
    <Modal
      open
      title={t("hosts.drain")}
      okText={t("hosts.drain")}
      cancelText={t("app.cancel")}
      confirmLoading={drain.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form<Wish>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ leases: "keep" }}
        onFinish={(wish) => drain.mutate(wish)}
      >
        <Form.Item name="leases" label={t("hosts.drainLeases")}>
          <Radio.Group
            className="choices"
            options={(["keep", "move", "end"] as const).map((value) => ({
              value,
              label: t(`hosts.drainChoice.${value}`),
            }))}
          />
        </Form.Item>
        <Form.Item
          name="reason"
          label={t("orders.reason")}
          rules={[{ required: true, whitespace: true, max: 300, message: t("signIn.needed") }]}
        >
          <Input maxLength={300} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
