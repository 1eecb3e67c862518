import { TranslationOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { chooseLanguage } from "../i18n/i18n.ts";

/** Says the other language's name, and changes to it. */
export function LanguageChoice() {
  const { i18n } = useTranslation();
  const isChinese = i18n.language === "zh-CN";
  return (
    <Button
      type="text"
      icon={<TranslationOutlined />}
      lang={isChinese ? "en" : "zh-CN"}
      onClick={() => void chooseLanguage(isChinese ? "en" : "zh-CN")}
    >
      {isChinese ? "English" : "中文"}
    </Button>
  );
}
