import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, type Device } from "../../api.ts";

export const phonesKey = ["devices.list"] as const;

/** The caller's phones, always as the hub has them: asked again at each event of theirs, and often while one is on its way from a state to another. */
export function usePhones() {
  const client = useQueryClient();
  useEffect(() => {
    const { unsubscribe } = api.events.live.subscribe(
      {},
      {
        onStarted: () => void client.invalidateQueries({ queryKey: phonesKey }),
        onData: () => void client.invalidateQueries({ queryKey: phonesKey }),
      },
    );
    return unsubscribe;
  }, [client]);
  return useQuery({
    queryKey: phonesKey,
    queryFn: () => api.devices.list.query(),
    refetchInterval: ({ state }) => (state.data?.some(isMoving) ? 700 : 10_000),
  });
}

/** Not yet what it should be. */
const isMoving = ({ state, power }: Device): boolean =>
  power === "running" ? state !== "running" && state !== "failed" : state === "stopping";
