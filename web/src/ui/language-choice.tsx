import TranslationOutlined from "@ant-design/icons-svg/es/asn/TranslationOutlined";
import { useTranslation } from "react-i18next";
import { chooseLanguage } from "../i18n/i18n.ts";
import { Icon } from "./icon.tsx";

/** Says the other language's name, and changes to it. */
export function LanguageChoice() {
  const { i18n } = useTranslation();
  const isChinese = i18n.language === "zh-CN";
  return (
    <button
      type="button"
      className="button text"
      lang={isChinese ? "en" : "zh-CN"}
      onClick={() => void chooseLanguage(isChinese ? "en" : "zh-CN")}
    >
      <Icon of={TranslationOutlined} />
      {isChinese ? "English" : "中文"}
    </button>
  );
}
