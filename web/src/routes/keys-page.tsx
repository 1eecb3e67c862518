import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Empty, Popconfirm, Table, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type ApiKey } from "../api.ts";
import { NewKey } from "../features/keys/new-key.tsx";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useAct } from "../ui/use-act.ts";
import { useFormats } from "../ui/use-formats.ts";

const colours: Record<ApiKey["state"], string> = {
  active: "success",
  expired: "default",
  revoked: "default",
};

/** Keys for programs that act in one's name. */
export function KeysPage() {
  const { t } = useTranslation();
  const [isNew, setNew] = useState(false);
  const keys = useQuery({ queryKey: ["apiKeys.list"], queryFn: () => api.apiKeys.list.query() });
  return (
    <PageFrame
      title={t("keys.title")}
      lead={t("keys.lead")}
      actions={
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setNew(true)}>
          {t("keys.create")}
        </Button>
      }
    >
      <Answer query={keys}>
        {(found) =>
          found.length === 0 ? <Empty description={t("keys.none")} /> : <KeyTable keys={found} />
        }
      </Answer>
      {isNew && <NewKey onClose={() => setNew(false)} />}
    </PageFrame>
  );
}

function KeyTable({ keys }: { readonly keys: readonly ApiKey[] }) {
  const { t } = useTranslation();
  const { day, time } = useFormats();
  return (
    <Table<ApiKey>
      size="small"
      pagination={false}
      dataSource={keys}
      rowKey={({ id }) => id}
      columns={[
        {
          title: t("keys.name"),
          render: (_, { name, prefix }) => (
            <>
              <bdi className="name">{name}</bdi> <code>{prefix}…</code>
            </>
          ),
        },
        {
          title: t("list.state"),
          render: (_, { state }) => <Tag color={colours[state]}>{t(`keys.state.${state}`)}</Tag>,
        },
        {
          title: t("keys.scopes"),
          responsive: ["md"],
          render: (_, { scopes }) => scopes.map((scope) => <Tag key={scope}>{scope}</Tag>),
        },
        {
          title: t("keys.lastUsed"),
          responsive: ["sm"],
          render: (_, { lastUsedAt }) => (lastUsedAt ? time(lastUsedAt) : t("keys.never")),
        },
        {
          title: t("keys.expires"),
          responsive: ["lg"],
          render: (_, { expiresAt }) => (expiresAt ? day(expiresAt) : t("keys.endless")),
        },
        {
          title: <span className="unseen">{t("list.actions")}</span>,
          align: "right",
          render: (_, key) => key.state === "active" && <Revoke apiKey={key} />,
        },
      ]}
    />
  );
}

function Revoke({ apiKey }: { readonly apiKey: ApiKey }) {
  const { t } = useTranslation();
  const { mutate, isPending } = useAct((keyId: string) => api.apiKeys.revoke.mutate({ keyId }), {
    changes: ["apiKeys."],
  });
  return (
    <Popconfirm
      title={t("keys.revokeQuestion")}
      okText={t("keys.revoke")}
      cancelText={t("app.cancel")}
      onConfirm={() => mutate(apiKey.id)}
    >
      <Button size="small" danger loading={isPending}>
        {t("keys.revoke")}
      </Button>
    </Popconfirm>
  );
}
