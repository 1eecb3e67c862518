import { useSyncExternalStore } from "react";
import { live } from "../api.ts";

let isAway = false;

/** True while the live line to the hub is broken; not while it is opened for the first time. */
export const useHubAway = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      const { unsubscribe } = live.connectionState.subscribe({
        next(state) {
          isAway = state.state === "connecting" && state.error !== null;
          listener();
        },
      });
      return unsubscribe;
    },
    () => isAway,
  );
