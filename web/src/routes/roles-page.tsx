import { PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Popconfirm, Table, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, type Role } from "../api.ts";
import { RoleForm } from "../features/roles/role-form.tsx";
import { useRights } from "../features/roles/use-rights.ts";
import { Answer } from "../ui/answer.tsx";
import { PageFrame } from "../ui/page-frame.tsx";
import { useAct } from "../ui/use-act.ts";

/** What a role may do; roles composed of permissions. */
export function RolesPage() {
  const { t } = useTranslation();
  const rights = useRights();
  const [shown, setShown] = useState<Role | "new" | null>(null);
  const roles = useQuery({ queryKey: ["roles.list"], queryFn: () => api.roles.list.query() });
  return (
    <PageFrame
      title={t("nav.roles")}
      lead={t("roles.lead")}
      actions={
        rights.has("roles.write") && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setShown("new")}>
            {t("roles.create")}
          </Button>
        )
      }
    >
      <Answer query={roles}>{(found) => <RoleTable roles={found} onShow={setShown} />}</Answer>
      {shown !== null && (
        <RoleForm role={shown === "new" ? null : shown} onClose={() => setShown(null)} />
      )}
    </PageFrame>
  );
}

interface RoleTableProps {
  readonly roles: readonly Role[];
  onShow(role: Role): void;
}

function RoleTable({ roles, onShow }: RoleTableProps) {
  const { t } = useTranslation();
  return (
    <div className="rows" role="region" aria-label={t("nav.roles")}>
      <Table<Role>
        size="small"
        pagination={false}
        dataSource={roles}
        rowKey={({ name }) => name}
        columns={[
          {
            title: t("roles.name"),
            render: (_, { name, description, builtIn }) => (
              <span className="two-lines">
                <span>
                  <bdi>{t(`profile.roles.${name}`, { defaultValue: name })}</bdi>{" "}
                  {builtIn && <Tag>{t("roles.builtIn")}</Tag>}
                </span>
                {!builtIn && <bdi className="faint">{description}</bdi>}
              </span>
            ),
          },
          {
            title: t("roles.permissions"),
            align: "right",
            responsive: ["sm"],
            render: (_, { permissions }) => permissions.length,
          },
          { title: t("roles.accounts"), align: "right", dataIndex: "accounts" },
          {
            title: <span className="unseen">{t("list.actions")}</span>,
            align: "right",
            render: (_, role) => <RoleActions role={role} onShow={onShow} />,
          },
        ]}
      />
    </div>
  );
}

function RoleActions({ role, onShow }: { readonly role: Role; onShow(role: Role): void }) {
  const { t } = useTranslation();
  const rights = useRights();
  const { name, accounts, builtIn } = role;
  const remove = useAct((wish: string) => api.roles.remove.mutate({ name: wish }), {
    changes: ["roles.", "audit."],
  });
  return (
    <span className="row-actions">
      <Button size="small" aria-label={`${t("roles.look")}: ${name}`} onClick={() => onShow(role)}>
        {t("roles.look")}
      </Button>
      {!builtIn && rights.has("roles.write") && (
        <Popconfirm
          title={t("roles.removeQuestion", { name })}
          okText={t("roles.remove")}
          cancelText={t("app.cancel")}
          onConfirm={() => remove.mutate(name)}
        >
          <Button
            size="small"
            danger
            disabled={accounts > 0}
            loading={remove.isPending}
            aria-label={`${t("roles.remove")}: ${name}`}
          >
            {t("roles.remove")}
          </Button>
        </Popconfirm>
      )}
    </span>
  );
}
