import type { Input } from "@cloudphone/shared/live";
import { keyInput } from "./keys.ts";

/**
 * What is typed while the screen has the focus. A text area that nobody sees takes it, so that layouts, dead keys and input methods (拼音) do their
 * work here and whole text goes to the phone. Returns what undoes it.
 */
export function listenToKeyboard(
  field: HTMLTextAreaElement,
  send: (input: Input) => void,
): () => void {
  const ending = new AbortController();
  const options = { signal: ending.signal };
  const pressed = new Map<string, Input>();

  const flush = (): void => {
    if (field.value !== "") send({ type: "text", text: field.value });
    field.value = "";
  };
  field.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing) return;
      const input = keyInput(event, "down");
      if (!input) return;
      event.preventDefault();
      pressed.set(event.code, input);
      send(input);
    },
    options,
  );
  field.addEventListener(
    "keyup",
    (event) => {
      const down = pressed.get(event.code);
      pressed.delete(event.code);
      if (down?.type === "key") send({ ...down, action: "up" });
    },
    options,
  );
  field.addEventListener(
    "input",
    (event) => !(event as InputEvent).isComposing && flush(),
    options,
  );
  field.addEventListener("compositionend", flush, options);
  field.addEventListener(
    "paste",
    (event) => {
      event.preventDefault();
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (text !== "") send({ type: "clipboard", text: text.slice(0, 60_000), paste: true });
    },
    options,
  );
  field.addEventListener(
    "blur",
    () => {
      // A key held down while the focus leaves would be held for ever.
      for (const down of pressed.values()) if (down.type === "key") send({ ...down, action: "up" });
      pressed.clear();
    },
    options,
  );
  return () => ending.abort();
}
