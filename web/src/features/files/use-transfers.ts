import { useRef, useState } from "react";
import { useRefusalWords } from "../../ui/use-refusal-words.ts";

export interface Transfer {
  readonly id: string;
  /** `app`: onto the phone and installed there; `saved`: among its downloads. */
  readonly way: "up" | "down" | "app" | "saved";
  readonly name: string;
  /** 0 to 1; null: how much there is of it is not known, or, of an app, the phone installs it. */
  readonly share: number | null;
  readonly state: "waiting" | "going" | "done" | "failed" | "cancelled";
  readonly reason: string | null;
}

const shownTransfers = 20;

type Begun = Pick<Transfer, "way" | "name">;
type Move = (onShare: (share: number | null) => void, signal: AbortSignal) => Promise<void>;

/** Files on their way, one after the other; the newest are told of. */
export function useTransfers(): {
  readonly transfers: readonly Transfer[];
  begin(what: Begun, move: Move): Promise<void>;
  cancel(id: string): void;
} {
  const words = useRefusalWords();
  const [transfers, setTransfers] = useState<readonly Transfer[]>([]);
  const before = useRef<Promise<void>>(Promise.resolve());
  const stops = useRef(new Map<string, AbortController>());
  const change = (id: string, news: Partial<Transfer>): void =>
    setTransfers((all) => all.map((one) => (one.id === id ? { ...one, ...news } : one)));
  const run = async (id: string, move: Move, { signal }: AbortController): Promise<void> => {
    if (signal.aborted) return;
    change(id, { state: "going" });
    try {
      await move((share) => change(id, { share }), signal);
      change(id, { state: "done", share: 1 });
    } catch (error) {
      if (!signal.aborted) change(id, { state: "failed", reason: words(error) });
    } finally {
      stops.current.delete(id);
    }
  };
  return {
    transfers,
    begin(what, move) {
      const id = crypto.randomUUID();
      const begun: Transfer = { ...what, id, share: 0, state: "waiting", reason: null };
      setTransfers((all) => [begun, ...all].slice(0, shownTransfers));
      const stop = new AbortController();
      stops.current.set(id, stop);
      before.current = before.current.then(() => run(id, move, stop));
      return before.current;
    },
    cancel(id) {
      stops.current.get(id)?.abort();
      change(id, { state: "cancelled" });
    },
  };
}
