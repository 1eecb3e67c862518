import { createInstance } from "i18next";
import { initReactI18next } from "react-i18next";
import type { en } from "./en.ts";
import type { Texts } from "./same-keys.ts";
import { type Language, rememberLanguage, texts } from "./texts.ts";

/** By their own names. */
export const languages: Readonly<Record<Language, string>> = { "zh-CN": "中文", en: "English" };

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "text";
    resources: { text: typeof en };
  }
}

const i18n = createInstance();

export async function startI18n(lng: Language, loaded: Texts): Promise<void> {
  await i18n.use(initReactI18next).init({
    lng,
    fallbackLng: false,
    defaultNS: "text",
    resources: { [lng]: { text: loaded } },
    // React writes text as text.
    interpolation: { escapeValue: false },
    initAsync: false,
  });
}

export async function chooseLanguage(language: Language): Promise<void> {
  rememberLanguage(language);
  if (!i18n.hasResourceBundle(language, "text"))
    i18n.addResourceBundle(language, "text", await texts[language]());
  document.documentElement.lang = language;
  await i18n.changeLanguage(language);
}
