import type { TableColumnType, TableProps } from "antd";
import type { ReactNode } from "react";
import { useViewport } from "./use-viewport.ts";

type Columns<T> = NonNullable<TableProps<T>["columns"]>;

/** Narrower than this, a row with more than a name and a figure is a card. */
const narrowPx = 600;

/** A table's columns; in a narrow window one card a row instead, with all that stands in them, if that is wished. */
export function useStacked<T extends object>(
  columns: Columns<T>,
  isWished = true,
): { readonly columns: Columns<T>; readonly showHeader: boolean } {
  const { width } = useViewport();
  const isNarrow = isWished && width < narrowPx;
  return { columns: isNarrow ? stacked(columns) : columns, showHeader: !isNarrow };
}

/** All columns as one: each row is a card that says what stands in which of them. */
function stacked<T extends object>(columns: Columns<T>): Columns<T> {
  const parts = columns as readonly TableColumnType<T>[];
  return [
    {
      render: (_, row, index) => (
        <dl className="stacked">
          {parts.map(({ title, render }, at) => (
            <div key={at}>
              <dt>{title as ReactNode}</dt>
              <dd>{render?.(undefined, row, index) as ReactNode}</dd>
            </div>
          ))}
        </dl>
      ),
    },
  ];
}
