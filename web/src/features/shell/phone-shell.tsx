import { Button, Spin } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { useRefusalWords } from "../../ui/use-refusal-words.ts";
import { type ShellState, useShell } from "./use-shell.ts";

/** A shell in the phone, as `cloudphone shell` gives it. */
export function PhoneShell({ deviceId }: { readonly deviceId: string }) {
  const { t } = useTranslation();
  const element = useRef<HTMLDivElement>(null);
  const { state, again } = useShell(element, deviceId);
  return (
    <section className="work" data-testid="shell" data-phase={state.phase}>
      <div className="shell-screen" ref={element} />
      <div className="work-bar" role="status">
        <ShellWords state={state} />
        {(state.phase === "over" || state.phase === "broken") && (
          <Button size="small" onClick={again}>
            {t("shell.again")}
          </Button>
        )}
      </div>
    </section>
  );
}

function ShellWords({ state }: { readonly state: ShellState }) {
  const { t } = useTranslation();
  const words = useRefusalWords();
  if (state.phase === "connecting")
    return (
      <span>
        <Spin size="small" /> {t("screen.connecting")}
      </span>
    );
  if (state.phase === "open") return <span className="faint">{t("shell.hint")}</span>;
  if (state.phase === "broken") return <span className="bad">{words(state.error)}</span>;
  return <span>{t("shell.exited", { code: state.exitCode })}</span>;
}
