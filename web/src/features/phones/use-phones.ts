import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Device, refusalOf } from "../../api.ts";

const movingMs = 700;
const restingMs = 10_000;

export const phonesQuery = {
  queryKey: ["devices.list"],
  queryFn: () => api.devices.list.query(),
} as const;

/** The caller's phones, always as the hub has them: asked again at events of theirs (live/use-live.ts), and often while one is on its way from a state to another. */
export const usePhones = () =>
  useQuery({
    ...phonesQuery,
    refetchInterval: ({ state }) => (state.data?.some(isMoving) ? movingMs : restingMs),
  });

/** One phone, by its id or its name. Until the answer it is as the list had it: its screen does not wait. */
export const usePhone = (device: string) => {
  const client = useQueryClient();
  return useQuery({
    queryKey: ["devices.show", device],
    queryFn: () => api.devices.show.query({ device }),
    placeholderData: () =>
      client
        .getQueryData<Device[]>(["devices.list"])
        ?.find(({ deviceId, name }) => deviceId === device || name === device),
    // One that is gone will not be back: nobody asks for it over and over.
    refetchInterval: ({ state: { data, error } }) => {
      if (error && refusalOf(error).code === "not_found") return false;
      return data !== undefined && isMoving(data) ? movingMs : restingMs;
    },
  });
};

/** Not yet what it should be. */
const isMoving = ({ state, power }: Device): boolean =>
  power === "running" ? state !== "running" && state !== "failed" : state === "stopping";
