import { Button, Flex, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { say } from "../../ui/messages.tsx";
import type { LivePlayer } from "./use-player.ts";

/** Text to the phone, and what was copied there. */
export function Clipboard({ live: { player, state, clipboard } }: { readonly live: LivePlayer }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const isUsable = state?.phase === "playing" && state.control.mine && text !== "";
  const paste = (): void => {
    player?.send({ type: "clipboard", text, paste: true });
    setText("");
  };
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(clipboard ?? "");
    say("success", t("clipboard.copied"));
  };
  return (
    <section>
      <h2>{t("clipboard.title")}</h2>
      <Input.TextArea
        value={text}
        onChange={(event) => setText(event.target.value)}
        placeholder={t("clipboard.placeholder")}
        aria-label={t("clipboard.placeholder")}
        rows={3}
        maxLength={60_000}
      />
      <Button style={{ marginTop: 8 }} disabled={!isUsable} onClick={paste}>
        {t("clipboard.paste")}
      </Button>
      <div style={{ marginTop: 12 }}>
        {clipboard === null || clipboard === "" ? (
          <span className="faint">{t("clipboard.nothing")}</span>
        ) : (
          <Flex gap={8} align="start" justify="space-between">
            <span className="clamped">
              {t("clipboard.fromPhone")} <bdi>{clipboard}</bdi>
            </span>
            {"clipboard" in navigator && (
              <Button size="small" onClick={() => void copy()}>
                {t("clipboard.copy")}
              </Button>
            )}
          </Flex>
        )}
      </div>
    </section>
  );
}
