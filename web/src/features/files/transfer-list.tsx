import { Progress } from "antd";
import { useTranslation } from "react-i18next";
import { visible } from "../../ui/visible.ts";
import { CancelButton } from "./cancel-button.tsx";
import type { Transfer } from "./use-transfers.ts";

const statuses = {
  waiting: "normal",
  going: "active",
  done: "success",
  failed: "exception",
  cancelled: "normal",
} as const;

/** What a phone has begun to install it installs: that is not to be cancelled any more. */
const isInstalling = ({ way, share }: Pick<Transfer, "way" | "share">): boolean =>
  way === "app" && share === null;

interface TransferListProps {
  readonly transfers: readonly Transfer[];
  onCancel(id: string): void;
}

/** How far each file is. */
export function TransferList({ transfers, onCancel }: TransferListProps) {
  const { t } = useTranslation();
  const stateOf = ({ way, share, state }: Pick<Transfer, "way" | "share" | "state">): string => {
    if (state === "cancelled") return t("app.cancelled");
    if (state === "going" && isInstalling({ way, share })) return t("phoneFiles.installing");
    return t(`phoneFiles.${way}.${state}`);
  };
  if (transfers.length === 0) return null;
  return (
    <ul
      className="transfers"
      aria-live="polite"
      aria-label={t("phoneFiles.transfers")}
      tabIndex={0}
    >
      {transfers.map(({ id, name, way, share, state, reason }) => (
        <li key={id} data-state={state}>
          <bdi className="name">{visible(name)}</bdi>
          <Progress
            aria-label={t("phoneFiles.progress", { name: visible(name).slice(0, 80) })}
            percent={Math.round((share ?? 1) * 100)}
            size="small"
            showInfo={false}
            status={statuses[state]}
          />
          <span
            className={state === "failed" ? "bad" : "faint"}
            {...(state === "failed" && { role: "alert" })}
          >
            {stateOf({ way, share, state })}
            {state === "going" && share !== null && ` ${Math.round(share * 100)} %`}
            {reason !== null && `: ${reason}`}
          </span>
          {(state === "waiting" || (state === "going" && !isInstalling({ way, share }))) && (
            <CancelButton name={name} onCancel={() => onCancel(id)} />
          )}
        </li>
      ))}
    </ul>
  );
}
