import { EyeOutlined } from "@ant-design/icons";
import { Result, Spin, Tag } from "antd";
import { useRef, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Filmed } from "../features/screen/filmed.tsx";
import { useVisit } from "../features/share/use-visit.ts";
import { LanguageChoice } from "../ui/language-choice.tsx";
import { useFormats } from "../ui/use-formats.ts";
import { parseWithoutEval } from "../zod-without-eval.ts";

parseWithoutEval();

const onHash = (listener: () => void): (() => void) => {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
};

/** What somebody sees to whom a phone is shown by a link: its screen, and nothing else. No account is needed. */
export function SharedPage() {
  const { t } = useTranslation();
  const link = useSyncExternalStore(onHash, () => window.location.hash.slice(1));
  return (
    <div className="shell">
      <title>{t("app.name")}</title>
      <header>
        <a href="/" className="brand">
          <img src="/icon.svg" alt="" width={24} height={24} />
          {t("app.name")}
        </a>
        <span className="fill" />
        <LanguageChoice />
      </header>
      <main className="phone visited">
        {link === "" ? <Over /> : <Visit key={link} link={link} />}
      </main>
    </div>
  );
}

function Visit({ link }: { readonly link: string }) {
  const { t } = useTranslation();
  const { time } = useFormats();
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { phone, state } = useVisit({ video, canvas }, link);
  const isOver = state?.phase === "ended";
  if (isOver) return <Over />;
  return (
    <section className="stage">
      <div className="bar">
        <h1 title={phone?.device}>{phone?.device ?? t("share.visit")}</h1>
        <Tag icon={<EyeOutlined />}>{t("screen.viewOnly")}</Tag>
        <Filmed state={state} />
        {phone && (
          <span className="faint">{t("phones.until", { when: time(phone.expiresAt) })}</span>
        )}
      </div>
      <div
        className={state?.phase === "playing" ? "screen" : "screen dim"}
        data-testid="screen"
        data-phase={state?.phase ?? "connecting"}
      >
        <video ref={video} autoPlay playsInline muted />
        <canvas ref={canvas} hidden />
        {state?.phase !== "playing" && (
          <div className="waiting">
            <div>
              <Spin />
              <p role="status">{t("screen.connecting")}</p>
            </div>
          </div>
        )}
      </div>
    </section>
  );
}

function Over() {
  const { t } = useTranslation();
  return (
    <div className="over">
      <Result status="info" title={t("share.over")} subTitle={t("share.overHint")} />
    </div>
  );
}
