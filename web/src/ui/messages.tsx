import { useSyncExternalStore } from "react";

type Kind = "success" | "info" | "error";

interface Message {
  readonly id: number;
  readonly kind: Kind;
  readonly words: string;
}

const shownMs: Readonly<Record<Kind, number>> = { success: 3000, info: 6000, error: 6000 };

let shown: readonly Message[] = [];
let said = 0;
const listeners = new Set<() => void>();

function show(next: readonly Message[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Says something shortly, at the top of the page. */
export function say(kind: Kind, words: string): void {
  const message = { id: ++said, kind, words };
  show([...shown, message]);
  setTimeout(() => show(shown.filter(({ id }) => id !== message.id)), shownMs[kind]);
}

/** Where short messages appear, and are read out. */
export function Messages() {
  const messages = useSyncExternalStore(subscribe, () => shown);
  return (
    <div className="messages" aria-live="polite">
      {messages.map(({ id, kind, words }) => (
        <p key={id} data-kind={kind} role={kind === "error" ? "alert" : undefined}>
          <bdi>{words}</bdi>
        </p>
      ))}
    </div>
  );
}
