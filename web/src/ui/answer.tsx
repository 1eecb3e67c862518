import WarningOutlined from "@ant-design/icons-svg/es/asn/WarningOutlined";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "./icon.tsx";
import { Skeleton } from "./skeleton.tsx";
import { useRefusalWords } from "./use-refusal-words.ts";

interface AnswerProps<T> {
  readonly query: UseQueryResult<T>;
  /** Lines of the grey shape that stands there while it loads. */
  readonly lines?: number;
  readonly children: (data: T) => ReactNode;
}

/** What the hub answered; until then its shape, and after a refusal why and a way to ask again. What was answered before stays while the hub is away. */
export function Answer<T>({ query, lines = 6, children }: AnswerProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Refused error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton lines={lines} />;
}

export function Refused({ error, onRetry }: { readonly error: Error; onRetry(): void }) {
  const { t } = useTranslation();
  const words = useRefusalWords();
  return (
    <div className="refused" role="alert">
      <Icon of={WarningOutlined} />
      <p>{words(error)}</p>
      <button type="button" className="button" onClick={onRetry}>
        {t("app.retry")}
      </button>
    </div>
  );
}
