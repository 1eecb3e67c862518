import { Alert } from "antd";
import { useTranslation } from "react-i18next";
import { useTroubleWords } from "./use-trouble-words.ts";
import type { LivePlayer } from "./use-player.ts";

/** What a viewer should know of the way the picture takes, or of why there is none. */
export function Notices({ live: { state } }: { readonly live: LivePlayer }) {
  const { t } = useTranslation();
  const words = useTroubleWords();
  if (!state || state.phase === "ended") return null;
  const { phase, path, linked, notice } = state;
  const isPlaying = phase === "playing";
  const says = (text: string, type: "info" | "warning") => (
    <Alert className="notice" type={type} showIcon title={text} role="status" />
  );
  if (isPlaying && !linked) return says(t("screen.hubAway"), "warning");
  if (notice) return says(words(notice), "warning");
  if (isPlaying && path === "relay") return says(t("screen.relay"), "info");
  return null;
}
