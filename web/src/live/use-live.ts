import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "../api.ts";
import { Refresher } from "./live.ts";
import { noteEvent } from "./tail.ts";

/** Keeps every answer on the page as the hub has it: for as long as somebody is signed in. */
export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => {
    const refresher = new Refresher(client);
    const seen = (): void => refresher.seen();
    document.addEventListener("visibilitychange", seen);
    const { unsubscribe } = api.events.live.subscribe(
      {},
      {
        // Whatever was answered before the line was open may have changed unheard.
        onStarted: () => refresher.all(),
        onData: ({ data }) => {
          noteEvent(data);
          refresher.heard(data.type);
        },
      },
    );
    return () => {
      document.removeEventListener("visibilitychange", seen);
      unsubscribe();
      refresher.stop();
    };
  }, [client]);
}
