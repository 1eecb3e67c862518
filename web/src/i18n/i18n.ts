import { createInstance } from "i18next";
import { initReactI18next } from "react-i18next";
import type { en } from "./en.ts";
import type { SameKeys } from "./same-keys.ts";

type Language = "zh-CN" | "en";
/** By their own names. */
export const languages: Readonly<Record<Language, string>> = { "zh-CN": "中文", en: "English" };

/** What each language must have. */
export type Texts = SameKeys<typeof en>;

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "text";
    resources: { text: typeof en };
  }
}

const storageKey = "cloudphone.language";
const i18n = createInstance();

/** What was chosen here before, else what the browser asks for, else English. */
function firstLanguage(): Language {
  const wishes = [localStorage.getItem(storageKey), ...navigator.languages];
  for (const wish of wishes) {
    if (wish?.toLowerCase().startsWith("zh")) return "zh-CN";
    if (wish?.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

/** A language's texts, loaded when it is first wanted. */
const texts: Readonly<Record<Language, () => Promise<Texts>>> = {
  en: async () => (await import("./en.ts")).en,
  "zh-CN": async () => (await import("./zh-cn.ts")).zhCN,
};

export async function startI18n(): Promise<void> {
  const lng = firstLanguage();
  document.documentElement.lang = lng;
  await i18n.use(initReactI18next).init({
    lng,
    fallbackLng: false,
    defaultNS: "text",
    resources: { [lng]: { text: await texts[lng]() } },
    // React writes text as text.
    interpolation: { escapeValue: false },
    initAsync: false,
  });
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(storageKey, language);
  if (!i18n.hasResourceBundle(language, "text"))
    i18n.addResourceBundle(language, "text", await texts[language]());
  document.documentElement.lang = language;
  await i18n.changeLanguage(language);
}
