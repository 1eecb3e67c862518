import { type KeyboardEvent, type Ref, useId, useState } from "react";
import { useTranslation } from "react-i18next";

let isByKeys = false;
addEventListener("keydown", () => (isByKeys = true), { capture: true });
addEventListener("pointerdown", () => (isByKeys = false), { capture: true });

const modifiers = new Set(["Shift", "Control", "Alt", "Meta"]);

/**
 * Takes what is typed for a phone (player/keyboard.ts), Tab as well. Whoever comes by keyboard must get out by it (WCAG 2.1.2): Tab goes on until something was
 * typed, and again after F6, which no phone has.
 */
export function KeyboardField({ ref }: { readonly ref: Ref<HTMLTextAreaElement> }) {
  const { t } = useTranslation();
  const hint = useId();
  const [isPassing, setPassing] = useState(false);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "F6") {
      event.preventDefault();
      setPassing(true);
    } else if (event.key === "Tab") {
      if (isPassing) event.stopPropagation();
    } else if (!modifiers.has(event.key)) setPassing(false);
  };
  return (
    <>
      <textarea
        ref={ref}
        aria-label={t("buttons.keyboard")}
        aria-describedby={hint}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onKeyDownCapture={onKeyDown}
        onFocus={() => setPassing(isByKeys)}
        onBlur={() => setPassing(false)}
      />
      <span id={hint} className={isPassing ? "keys-hint" : "unseen"}>
        {t("screen.keysHint")}
      </span>
    </>
  );
}
