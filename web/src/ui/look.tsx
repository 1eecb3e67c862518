import { App, ConfigProvider, theme } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { type PropsWithChildren, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const onDark = (listener: () => void): (() => void) => {
  dark.addEventListener("change", listener);
  return () => dark.removeEventListener("change", listener);
};
/** What the page's policy lets write styles: hub/src/platform/http/web.ts. */
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

/** Ant Design in the system's colours and the reader's language. */
export function Look({ children }: PropsWithChildren) {
  const { i18n } = useTranslation();
  const isDark = useSyncExternalStore(onDark, () => dark.matches);
  return (
    <ConfigProvider
      csp={{ nonce }}
      button={{ autoInsertSpace: false }}
      locale={i18n.language === "zh-CN" ? zhCN : enUS}
      theme={{ algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm }}
    >
      <App component={false}>{children}</App>
    </ConfigProvider>
  );
}
