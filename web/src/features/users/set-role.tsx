import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { type Account, api } from "../../api.ts";
import { useAct } from "../../ui/use-act.ts";
import { useUser } from "../../ui/use-user.ts";

/** Gives an account another role; who gives it must be allowed all that it allows. */
export function SetRole({ account: { email, role } }: { readonly account: Account }) {
  const { t } = useTranslation();
  const user = useUser();
  const roles = useQuery({ queryKey: ["roles.list"], queryFn: () => api.roles.list.query() }).data;
  const change = useAct(
    (wish: { account: string; role: string }) => api.accounts.setRole.mutate(wish),
    { changes: ["accounts."] },
  );
  const named = (name: string): string => t(`profile.roles.${name}`, { defaultValue: name });
  return (
    <Select
      size="small"
      className="roles"
      aria-label={`${t("profile.role")}: ${email}`}
      value={role}
      loading={change.isPending}
      disabled={user?.role !== "admin" || user.email === email}
      onChange={(chosen) => change.mutate({ account: email, role: chosen })}
      options={(roles ?? [{ name: role }]).map(({ name }) => ({ value: name, label: named(name) }))}
    />
  );
}
