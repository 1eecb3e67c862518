import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { type Account, api } from "../../api.ts";
import { useAct } from "../../ui/use-act.ts";
import { useUser } from "../../ui/use-user.ts";
import { useRoleChoices } from "../roles/use-role-choices.ts";

/** Gives an account another role; who gives it must be allowed all that it allows. */
export function SetRole({ account: { email, role } }: { readonly account: Account }) {
  const { t } = useTranslation();
  const user = useUser();
  const change = useAct(
    (wish: { account: string; role: string }) => api.accounts.setRole.mutate(wish),
    { changes: ["accounts."] },
  );
  return (
    <Select
      size="small"
      className="roles"
      aria-label={`${t("profile.role")}: ${email}`}
      value={role}
      loading={change.isPending}
      disabled={user?.role !== "admin" || user.email === email}
      onChange={(chosen) => change.mutate({ account: email, role: chosen })}
      options={useRoleChoices(role)}
    />
  );
}
