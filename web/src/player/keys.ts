import type { Input } from "@cloudphone/shared/live";

/** Keys that do something else than to write, by `KeyboardEvent.key`, as Android's key codes (KeyEvent.java). */
const keycodes: Readonly<Record<string, number>> = {
  Enter: 66,
  Backspace: 67,
  Delete: 112,
  Tab: 61,
  Escape: 4,
  ArrowUp: 19,
  ArrowDown: 20,
  ArrowLeft: 21,
  ArrowRight: 22,
  Home: 122,
  End: 123,
  PageUp: 92,
  PageDown: 93,
  ContextMenu: 82,
  AudioVolumeUp: 24,
  AudioVolumeDown: 25,
};

// META_SHIFT_ON, META_ALT_ON, META_CTRL_ON
const metas = { shift: 0x1, alt: 0x2, ctrl: 0x1000 } as const;

export interface PressedKey {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

/** What a key of a physical keyboard is on the phone; null for one that writes, which comes as text, by its layout. */
export function keyInput(event: PressedKey, action: "down" | "up"): Input | null {
  const keycode = keycodes[event.key] ?? shortcut(event);
  if (keycode === undefined) return null;
  const meta =
    (event.shiftKey ? metas.shift : 0) |
    (event.altKey ? metas.alt : 0) |
    (event.ctrlKey || event.metaKey ? metas.ctrl : 0);
  return { type: "key", action, keycode, meta };
}

/** Ctrl with a letter: copy, cut, select all, undo. Paste is the browser's own event, for the clipboard is at this side. */
function shortcut({ key, ctrlKey, metaKey }: PressedKey): number | undefined {
  if (!(ctrlKey || metaKey) || !/^[a-z]$/i.test(key) || key.toLowerCase() === "v") return undefined;
  return 29 + key.toLowerCase().charCodeAt(0) - 97;
}
