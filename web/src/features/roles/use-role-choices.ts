import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../api.ts";

export interface RoleChoice {
  readonly value: string;
  readonly label: string;
}

/** The roles that an account can be given, built in and composed; until they are there, the one at hand. */
export function useRoleChoices(current: string): RoleChoice[] {
  const { t } = useTranslation();
  const { data } = useQuery({ queryKey: ["roles.list"], queryFn: () => api.roles.list.query() });
  return (data ?? [{ name: current }]).map(({ name }) => ({
    value: name,
    label: t(`profile.roles.${name}`, { defaultValue: name }),
  }));
}
