import type { SimPhone } from "../phone.ts";

// AOSP frameworks/base core/java/android/view/KeyEvent.java
export const keyCodes = {
  home: 3,
  back: 4,
  volumeUp: 24,
  volumeDown: 25,
  power: 26,
  enter: 66,
  delete: 67,
  appSwitch: 187,
} as const;

const longestText = 2000;

/** Puts text where the cursor is; false where nothing takes it. */
export function typeText(phone: SimPhone, text: string): boolean {
  const { screen } = phone;
  if (screen.kind !== "app") return false;
  phone.screen = { ...screen, text: (screen.text + text).slice(-longestText) };
  return true;
}

/** A key is pressed, by its Android key code. Letters, digits and space type themselves, in capitals with shift. */
export function pressKey(phone: SimPhone, code: number, { shift = false } = {}): void {
  const { screen } = phone;
  if (code === keyCodes.power) phone.awake = !phone.awake;
  else if (code === keyCodes.home || code === keyCodes.appSwitch || code === keyCodes.back)
    phone.show({ kind: "home" });
  else if (code === keyCodes.volumeUp || code === keyCodes.volumeDown) {
    const step = code === keyCodes.volumeUp ? 1 : -1;
    const volume = Number(phone.disk.settings.get("system/volume_music") ?? "5") + step;
    phone.disk.settings.set("system/volume_music", String(Math.max(0, Math.min(15, volume))));
  } else if (code === keyCodes.enter) typeText(phone, "\n");
  else if (code === keyCodes.delete && screen.kind === "app")
    phone.screen = { ...screen, text: screen.text.replace(/.$/su, "") };
  else {
    const typed = characterOf(code);
    if (typed) typeText(phone, shift ? typed.toUpperCase() : typed);
  }
}

function characterOf(code: number): string | null {
  if (code >= 7 && code <= 16) return String(code - 7);
  if (code >= 29 && code <= 54) return String.fromCodePoint("a".charCodeAt(0) + code - 29);
  return ({ 55: ",", 56: ".", 62: " ", 69: "-", 70: "=", 76: "/", 77: "@" } as const)[code] ?? null;
}
