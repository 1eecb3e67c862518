import { useQuery } from "@tanstack/react-query";
import { Button, Form, Input, Popconfirm, Select, Table, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Listener } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { CopyText } from "../../ui/copy-text.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { Panel } from "../../ui/panel.tsx";
import { useStacked } from "../../ui/stacked.tsx";
import { SecretDialog } from "../../ui/secret-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";

/** Programs outside that hear events on MQTT. */
export function Listeners() {
  const { t } = useTranslation();
  const [isNew, setNew] = useState(false);
  const listeners = useQuery({
    queryKey: ["listeners.list"],
    queryFn: () => api.listeners.list.query(),
  });
  return (
    <Panel
      title={t("listeners.title")}
      extra={
        <Button size="small" disabled={!listeners.data} onClick={() => setNew(true)}>
          {t("listeners.create")}
        </Button>
      }
    >
      <p className="lead">{t("listeners.lead")}</p>
      <Answer query={listeners} lines={2}>
        {(found) =>
          found.length === 0 ? (
            <p className="faint">{t("listeners.none")}</p>
          ) : (
            <ListenerTable listeners={found} />
          )
        }
      </Answer>
      {isNew && <NewListener onClose={() => setNew(false)} />}
    </Panel>
  );
}

function ListenerTable({ listeners }: { readonly listeners: readonly Listener[] }) {
  const { t } = useTranslation();
  const cards = useStacked<Listener>([
    {
      title: t("keys.name"),
      render: (_, { name, username }) => (
        <span className="two-lines">
          <bdi>{name}</bdi>
          <bdi className="faint">{username}</bdi>
        </span>
      ),
    },
    {
      title: t("listeners.hears"),
      render: (_, { types }) => types.map((type) => <Tag key={type}>{type}</Tag>),
    },
    {
      title: t("listeners.by"),
      responsive: ["md"],
      render: (_, { createdBy }) => <bdi>{createdBy}</bdi>,
    },
    {
      title: <span className="unseen">{t("list.actions")}</span>,
      align: "right",
      render: (_, listener) => <Remove listener={listener} />,
    },
  ]);
  return (
    <Table<Listener>
      size="small"
      pagination={false}
      dataSource={listeners}
      rowKey={({ listenerId }) => listenerId}
      {...cards}
    />
  );
}

function Remove({ listener: { listenerId, name } }: { readonly listener: Listener }) {
  const { t } = useTranslation();
  const remove = useAct((id: string) => api.listeners.remove.mutate({ listenerId: id }), {
    changes: ["listeners.", "audit."],
  });
  return (
    <Popconfirm
      title={t("listeners.removeQuestion")}
      okText={t("listeners.remove")}
      cancelText={t("app.cancel")}
      onConfirm={() => remove.mutate(listenerId)}
    >
      <Button
        size="small"
        danger
        loading={remove.isPending}
        aria-label={`${t("listeners.remove")}: ${name}`}
      >
        {t("listeners.remove")}
      </Button>
    </Popconfirm>
  );
}

interface Wish {
  readonly name: string;
  readonly types: string[];
}

const suggested = ["*", "device.*", "order.*", "usage.*", "host.*", "session.*", "payment.*"];
const topic = "cloudphone/v1/events/+";

/** Asks what a program may hear, then shows the password that it hears it with: once. */
function NewListener({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const create = useAct((wish: Wish) => api.listeners.create.mutate(wish), {
    changes: ["listeners.", "audit."],
  });
  const needed = { required: true, message: t("signIn.needed") };
  if (create.data)
    return (
      <SecretDialog
        title={t("listeners.password")}
        warning={t("listeners.once")}
        secret={create.data.secret}
        onClose={onClose}
      >
        <p>{t("listeners.how", { topic })}</p>
        <CopyText isBlock text={create.data.username} label={t("listeners.username")} />
        <p>{t("listeners.password")}</p>
      </SecretDialog>
    );
  return (
    <FormDialog
      title={t("listeners.create")}
      act={create}
      initial={{ types: [] }}
      onClose={onClose}
    >
      <Form.Item name="name" label={t("keys.name")} rules={[{ ...needed, whitespace: true }]}>
        <Input maxLength={100} autoFocus />
      </Form.Item>
      <Form.Item
        name="types"
        label={t("listeners.hears")}
        extra={t("listeners.typesHint")}
        rules={[needed]}
      >
        <Select mode="tags" options={suggested.map((value) => ({ value }))} />
      </Form.Item>
    </FormDialog>
  );
}
