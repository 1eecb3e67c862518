import { useTranslation } from "react-i18next";
import { refusalOf } from "../api.ts";

/** Says a failure in the reader's language. */
export function useRefusalWords(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    const { code, message } = refusalOf(error);
    return t(`fault.${code}`, { message });
  };
}
