import type { Texts } from "./same-keys.ts";

export type Language = "zh-CN" | "en";

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

export const rememberLanguage = (language: Language): void =>
  localStorage.setItem(storageKey, language);

/** A language's texts, loaded when it is first wanted. */
export const texts: Readonly<Record<Language, () => Promise<Texts>>> = {
  en: async () => (await import("./en.ts")).en,
  "zh-CN": async () => (await import("./zh-cn.ts")).zhCN,
};

export interface FirstTexts {
  readonly language: Language;
  readonly loaded: Texts;
}

/** The language that the page begins in. */
export async function firstTexts(): Promise<FirstTexts> {
  const language = firstLanguage();
  document.documentElement.lang = language;
  return { language, loaded: await texts[language]() };
}
