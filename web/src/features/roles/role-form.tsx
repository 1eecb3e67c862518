import { useQuery } from "@tanstack/react-query";
import { Checkbox, Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import { api, type Permission, type Role } from "../../api.ts";
import { Answer } from "../../ui/answer.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { useAct } from "../../ui/use-act.ts";
import { useRights } from "./use-rights.ts";

interface Wish {
  readonly name: string;
  readonly description?: string;
  readonly permissions: Permission[];
}

interface RoleFormProps {
  /** Null: a new one. */
  readonly role: Role | null;
  onClose(): void;
}

/** What a role may do; to be changed by whoever may, unless it came with the platform. */
export function RoleForm({ role, onClose }: RoleFormProps) {
  const { t } = useTranslation();
  const rights = useRights();
  const save = useAct((wish: Wish) => api.roles.save.mutate(wish), {
    changes: ["roles.", "accounts.", "audit."],
    done: t("roles.saved"),
    onDone: onClose,
  });
  const isFixed = role?.builtIn === true || !rights.has("roles.write");
  const named = t(`profile.roles.${role?.name ?? ""}`, { defaultValue: role?.name ?? "" });
  return (
    <FormDialog
      width={760}
      title={role ? t("roles.change", { name: named }) : t("roles.create")}
      doText={role ? t("person.changeQuota") : t("roles.create")}
      act={save}
      isFixed={isFixed}
      initial={{ ...role, permissions: [...(role?.permissions ?? [])] }}
      onClose={onClose}
    >
      <Form.Item
        name="name"
        label={t("roles.name")}
        rules={[
          {
            required: true,
            max: 40,
            pattern: /^[a-z][a-z0-9-]*$/,
            message: t("roles.nameWrong"),
          },
        ]}
      >
        <Input maxLength={40} disabled={role !== null} autoFocus={role === null} />
      </Form.Item>
      <Form.Item name="description" label={t("roles.description")}>
        <Input maxLength={200} />
      </Form.Item>
      <Form.Item
        name="permissions"
        label={t("roles.permissions")}
        rules={[{ required: true, message: t("roles.permissionsNeeded") }]}
      >
        <Permissions isFixed={isFixed} />
      </Form.Item>
    </FormDialog>
  );
}

interface PermissionsProps {
  readonly isFixed: boolean;
  // The form gives these.
  readonly value?: Permission[];
  readonly onChange?: (value: Permission[]) => void;
}

/** Every permission there is, with what it means. Nobody gives what they may not do themselves. */
function Permissions({ isFixed, value = [], onChange }: PermissionsProps) {
  const { t } = useTranslation();
  const rights = useRights();
  const all = useQuery({
    queryKey: ["roles.permissions"],
    queryFn: () => api.roles.permissions.query(),
  });
  return (
    <Answer query={all}>
      {(found) => (
        <Checkbox.Group
          className="permissions"
          value={value}
          onChange={(chosen) => onChange?.(chosen)}
          options={found.map(({ name }) => ({
            value: name,
            disabled: isFixed || !rights.has(name),
            ...(!rights.has(name) && { title: t("roles.notYours") }),
            label: (
              <span className="two-lines">
                <code>{name}</code>
                <span className="faint">{t(`permission.${name}`)}</span>
              </span>
            ),
          }))}
        />
      )}
    </Answer>
  );
}
