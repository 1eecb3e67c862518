import type { Input } from "@cloudphone/shared/live";
import type { ControlMessage } from "./scrcpy/control.ts";

/** Android's key codes of the buttons that a viewer has (KeyEvent.java). */
const buttons = {
  home: 3,
  back: 4,
  recents: 187,
  power: 26,
  "volume-up": 24,
  "volume-down": 25,
} as const;

/** What `KeyCharacterMap` of every phone can type: printable ASCII and the line's end. Other text goes through the clipboard. */
const typable = /^[\u0020-\u007e\n]*$/;
const maxTypedBytes = 300;

/** A step towards a phone: a control message, or a text to be pasted. */
export type PhoneStep =
  | { readonly kind: "send"; readonly message: ControlMessage }
  | { readonly kind: "clipboard"; readonly text: string; readonly paste: boolean };

type Size = { readonly width: number; readonly height: number };
type Of<K extends Input["type"]> = Extract<Input, { type: K }>;

const translations: { readonly [K in Input["type"]]: (input: Of<K>, size: Size) => PhoneStep[] } = {
  touch: (input, size) => {
    const { action, finger } = input;
    const pressure = action === "up" ? 0 : input.pressure;
    // scrcpy's own numbers below zero are for a mouse and generic fingers; each of ours is a finger of its own.
    return [
      send({ type: "touch", action, pointerId: BigInt(finger), pressure, ...placeOf(input, size) }),
    ];
  },
  scroll: (input, size) => [
    send({ type: "scroll", horizontal: input.dx, vertical: input.dy, ...placeOf(input, size) }),
  ],
  key: ({ action, keycode, meta }) => [send({ type: "key", action, keycode, meta })],
  text: ({ text }) => textSteps(text),
  clipboard: ({ text, paste }) => [{ kind: "clipboard", text: withoutControls(text), paste }],
  press: ({ button }) => pressSteps(button),
};

/** What a viewer's input is on a phone whose video has this size now. Places outside the picture are clamped to its edge. Pure. */
export const toPhone = (input: Input, size: Size): PhoneStep[] =>
  (translations[input.type] as (input: Input, size: Size) => PhoneStep[])(input, size);

const send = (message: ControlMessage): PhoneStep => ({ kind: "send", message });

function placeOf(
  { x, y }: { x: number; y: number },
  { width, height }: { width: number; height: number },
): { x: number; y: number; width: number; height: number } {
  const at = (share: number, length: number): number =>
    Math.max(0, Math.min(length - 1, Math.floor(share * length)));
  return { x: at(x, width), y: at(y, height), width, height };
}

function textSteps(text: string): PhoneStep[] {
  const clean = withoutControls(text);
  if (clean === "") return [];
  if (!typable.test(clean) || clean.length > maxTypedBytes)
    return [{ kind: "clipboard", text: clean, paste: true }];
  return [send({ type: "text", text: clean })];
}

/** Control characters mean nothing as text, but for the tab and the line's end. */
const withoutControls = (text: string): string => text.replace(/(?![\t\n])\p{Cc}/gu, "");

function pressSteps(button: Extract<Input, { type: "press" }>["button"]): PhoneStep[] {
  if (button === "rotate") return [send({ type: "rotate" })];
  if (button === "notifications") return [send({ type: "expand-notifications" })];
  const keycode = buttons[button];
  return (["down", "up"] as const).map((action) => send({ type: "key", action, keycode }));
}
