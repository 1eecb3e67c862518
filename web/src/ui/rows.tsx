import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Empty, Table, type TableProps } from "antd";
import type { ReactNode, UIEvent } from "react";
import { useTranslation } from "react-i18next";
import { Refused } from "./answer.tsx";
import { Skeleton } from "./skeleton.tsx";
import { useStacked } from "./stacked.tsx";
import { useViewport } from "./use-viewport.ts";

interface RowsProps<T> {
  /** What the table is called by whoever can't see it. */
  readonly label: string;
  readonly queryKey: readonly [string, ...unknown[]];
  /** The rows that come after that one, or the first; fewer than `size` means that there are no more. */
  page(after: T | null, size: number): Promise<readonly T[]>;
  readonly rowKey: (row: T) => string;
  readonly columns: NonNullable<TableProps<T>["columns"]>;
  readonly empty: ReactNode;
  readonly size?: number;
  readonly selection?: TableProps<T>["rowSelection"];
  readonly expandable?: TableProps<T>["expandable"];
  /** How often it is read anew, where no event tells of every change; else only on events. */
  readonly refreshMs?: number;
  /** Pixels of the page that stand above and below it. */
  readonly around?: number;
  /** In narrow windows each row is a card of all its columns, instead of a row of the most important. */
  readonly isStacked?: boolean;
}

/** More rows than this are drawn only where they can be seen. */
const drawnRows = 100;
const nearEndPx = 600;

/** A list of the hub's, read page by page as it is scrolled. */
export function Rows<T extends object>(props: RowsProps<T>) {
  const { label, queryKey, page, rowKey, columns, empty, size = 100, around = 300 } = props;
  const { t } = useTranslation();
  const { height, width } = useViewport();
  const cards = useStacked(columns, props.isStacked ?? false);
  const list = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => page(pageParam as T | null, size),
    initialPageParam: null,
    refetchInterval: props.refreshMs ?? false,
    getNextPageParam: (last: readonly T[]) => (last.length < size ? undefined : last.at(-1)),
  });
  if (list.error && !list.data)
    return <Refused error={list.error} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Skeleton lines={8} />;
  const rows = list.data.pages.flat();
  if (rows.length === 0) return <div className="empty">{asEmpty(empty)}</div>;
  const more = (): void => {
    if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
  };
  const isLong = rows.length > drawnRows;
  const onScroll = ({ currentTarget }: UIEvent): void => {
    const { scrollHeight, scrollTop, clientHeight } = currentTarget;
    if (scrollHeight - scrollTop - clientHeight < nearEndPx) more();
  };
  return (
    <div className="rows" role="region" aria-label={label} data-testid="rows">
      <Table<T>
        size="small"
        dataSource={rows}
        rowKey={rowKey}
        {...cards}
        pagination={false}
        {...(isLong && {
          virtual: true,
          scroll: { y: Math.max(320, height - around), x: Math.min(width - 24, 700) },
          onScroll,
        })}
        {...(props.selection && { rowSelection: props.selection })}
        {...(props.expandable && { expandable: props.expandable })}
      />
      <div className="rows-foot">
        <span role="status">{t("list.shown", { count: rows.length })}</span>
        {list.hasNextPage && (
          <Button size="small" loading={list.isFetchingNextPage} onClick={more}>
            {t("list.more")}
          </Button>
        )}
      </div>
    </div>
  );
}

const asEmpty = (empty: ReactNode): ReactNode =>
  typeof empty === "string" ? (
    <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={empty} />
  ) : (
    empty
  );
