import { useQuery } from "@tanstack/react-query";
import { api, type Permission } from "../../api.ts";

/** What the reader may do, as the hub says; nothing until it has. */
export function useRights(): ReadonlySet<Permission> {
  const me = useQuery({ queryKey: ["accounts.me"], queryFn: () => api.accounts.me.query() });
  return new Set(me.data?.permissions ?? []);
}
