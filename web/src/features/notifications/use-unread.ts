import { useQuery } from "@tanstack/react-query";
import { api } from "../../api.ts";

export const unreadQuery = {
  queryKey: ["notifications.list", "unread"],
  queryFn: () => api.notifications.list.query({ unread: true, limit: 1 }),
} as const;

/** How many notifications the reader has not read yet. Kept true by the live events that make them (live/use-live.ts). */
export function useUnread(): number {
  const { data } = useQuery({ ...unreadQuery, staleTime: 60_000 });
  return data?.unread ?? 0;
}
