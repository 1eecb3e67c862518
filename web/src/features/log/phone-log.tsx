import {
  ClearOutlined,
  DownloadOutlined,
  PauseOutlined,
  PlayCircleOutlined,
} from "@ant-design/icons";
import { Button, Select } from "antd";
import { useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Refused } from "../../ui/answer.tsx";
import { saveFile } from "../../ui/save-file.ts";
import { SearchBox } from "../../ui/search-box.tsx";
import { filtered, type LogLevel, logLevels } from "./log-lines.ts";
import { LogView } from "./log-view.tsx";
import { useLog } from "./use-log.ts";

/** What the phone logs, live, as `cloudphone logcat -f` gives it: text, whatever is in it. */
export function PhoneLog({ deviceId }: { readonly deviceId: string }) {
  const { t } = useTranslation();
  const { lines, isPaused, error, pause, clear, again } = useLog(deviceId);
  const [least, setLeast] = useState<LogLevel>("V");
  const [words, setWords] = useState("");
  const seen = useDeferredValue(lines);
  const shown = useMemo(() => filtered(seen, { least, words }), [seen, least, words]);
  const save = (): void =>
    saveFile("logcat.txt", new Blob([shown.map(({ text }) => `${text}\n`).join("")]));
  return (
    <section className="work" data-testid="log">
      <div className="work-bar">
        <Select<LogLevel>
          size="small"
          aria-label={t("log.level")}
          value={least}
          onChange={setLeast}
          options={logLevels.map((value) => ({ value, label: t(`log.levels.${value}`) }))}
          popupMatchSelectWidth={false}
        />
        <div className="fill">
          <SearchBox label={t("log.search")} value={words} onChange={setWords} />
        </div>
        <Button
          size="small"
          icon={isPaused ? <PlayCircleOutlined /> : <PauseOutlined />}
          onClick={() => pause(!isPaused)}
        >
          {t(isPaused ? "log.resume" : "log.pause")}
        </Button>
        <Button
          size="small"
          icon={<ClearOutlined />}
          aria-label={t("log.clear")}
          title={t("log.clear")}
          onClick={clear}
        />
        <Button
          size="small"
          icon={<DownloadOutlined />}
          aria-label={t("log.save")}
          title={t("log.save")}
          onClick={save}
        />
      </div>
      {error instanceof Error && <Refused error={error} onRetry={again} />}
      <LogView lines={shown} label={t("log.label")} />
      <div className="work-bar faint">
        <span>{t("log.count", { count: shown.length })}</span>
        {isPaused && <span role="status">{t("log.paused")}</span>}
      </div>
    </section>
  );
}
