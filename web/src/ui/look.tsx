import { ConfigProvider, theme } from "antd";
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

/** Ant Design's own colours are too pale for text on some of its grounds: these reach 4.5 : 1 on each (WCAG 1.4.3). */
const light = {
  colorPrimary: "#0958d9",
  colorInfo: "#0958d9",
  colorLink: "#0958d9",
  colorSuccess: "#237804",
  colorSuccessBg: "#f6ffed",
  colorWarning: "#874d00",
  colorWarningBg: "#fffbe6",
  colorError: "#cf1322",
  colorErrorBg: "#fff2f0",
  colorTextDescription: "rgba(0, 0, 0, 0.65)",
  colorTextPlaceholder: "rgba(0, 0, 0, 0.6)",
} as const;
const night = {
  colorLink: "#69b1ff",
  colorInfo: "#69b1ff",
  colorError: "#ff7070",
  colorTextDescription: "rgba(255, 255, 255, 0.65)",
  colorTextPlaceholder: "rgba(255, 255, 255, 0.6)",
} as const;

const nightParts = { Tabs: { itemSelectedColor: night.colorLink, inkBarColor: night.colorLink } };

/** Ant Design in the system's colours and the reader's language: around each page that has parts of it, and loaded with the first of them. */
export function Look({ children }: PropsWithChildren) {
  const { i18n } = useTranslation();
  const isDark = useSyncExternalStore(onDark, () => dark.matches);
  return (
    <ConfigProvider
      csp={{ nonce }}
      button={{ autoInsertSpace: false }}
      locale={i18n.language === "zh-CN" ? zhCN : enUS}
      theme={
        isDark
          ? { algorithm: theme.darkAlgorithm, token: night, components: nightParts }
          : { algorithm: theme.defaultAlgorithm, token: light }
      }
    >
      {children}
    </ConfigProvider>
  );
}
