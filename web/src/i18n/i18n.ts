import { changeLanguage, use as usePlugin } from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en.ts";
import { zhCN } from "./zh-cn.ts";

type Language = "zh-CN" | "en";

type SameKeys<T> = { readonly [K in keyof T]: T[K] extends string ? string : SameKeys<T[K]> };
/** What each language must have. */
export type Texts = SameKeys<typeof en>;

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "text";
    resources: { text: typeof en };
  }
}

const storageKey = "cloudphone.language";

/** What was chosen here before, else what the browser asks for, else English. */
function firstLanguage(): Language {
  const wishes = [localStorage.getItem(storageKey), ...navigator.languages];
  for (const wish of wishes) {
    if (wish?.toLowerCase().startsWith("zh")) return "zh-CN";
    if (wish?.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

export function startI18n(): void {
  const lng = firstLanguage();
  document.documentElement.lang = lng;
  void usePlugin(initReactI18next).init({
    lng,
    fallbackLng: "en",
    defaultNS: "text",
    resources: { en: { text: en }, "zh-CN": { text: zhCN } },
    // React writes text as text.
    interpolation: { escapeValue: false },
    initAsync: false,
  });
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(storageKey, language);
  document.documentElement.lang = language;
  await changeLanguage(language);
}
