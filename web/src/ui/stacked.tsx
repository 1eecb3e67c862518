import type { TableColumnType, TableProps } from "antd";
import type { ReactNode } from "react";

type Columns<T> = NonNullable<TableProps<T>["columns"]>;

/** Narrower than this, a row with more than a name and a figure is a card. */
export const narrowPx = 600;

/** All columns as one, for narrow windows: each row is a card that says what stands in which of them. */
export function stacked<T extends object>(columns: Columns<T>): Columns<T> {
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
