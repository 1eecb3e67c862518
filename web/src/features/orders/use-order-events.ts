import { useEffect, useState } from "react";
import { api } from "../../api.ts";
import type { StepEvent } from "./steps.ts";

/** All that has happened to an order so far, and what goes on happening to it. */
export function useOrderEvents(orderId: string): readonly StepEvent[] {
  const [events, setEvents] = useState<readonly StepEvent[]>([]);
  const deviceId = events.find(({ type }) => type === "device.allocated")?.data.deviceId;
  useEffect(() => {
    setEvents([]);
    const { unsubscribe } = api.events.live.subscribe(
      { subject: orderId, after: 0 },
      { onData: ({ data }) => setEvents((before) => [...before, data]) },
    );
    return unsubscribe;
  }, [orderId]);
  useEffect(() => {
    if (typeof deviceId !== "string") return undefined;
    // A device's own events tell for which order it ran.
    const { unsubscribe } = api.events.live.subscribe(
      { subject: deviceId, types: ["device.started"], after: 0 },
      {
        onData: ({ data }) => {
          const { lease } = data.data as { lease?: { orderId?: string } | null };
          if (lease?.orderId === orderId) setEvents((before) => [...before, data]);
        },
      },
    );
    return unsubscribe;
  }, [orderId, deviceId]);
  return events;
}
