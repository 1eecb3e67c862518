import { isFaultCode } from "@cloudphone/shared/fault";
import { useTranslation } from "react-i18next";
import type { Notice } from "../../player/player.ts";

/** Says a player's notice in the reader's language. */
export function useTroubleWords(): (notice: Notice) => string {
  const { t, i18n } = useTranslation();
  return ({ code, text }) => {
    if (isFaultCode(code)) return t(`fault.${code}`, { message: text });
    return i18n.exists(`trouble.${code}`) ? t(`trouble.${code}` as "trouble.closed") : text;
  };
}
