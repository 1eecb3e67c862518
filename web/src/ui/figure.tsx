import { Card } from "antd";
import type { ReactNode } from "react";

interface FigureProps {
  readonly name: string;
  readonly value: ReactNode;
  /** What stands small below it. */
  readonly note?: ReactNode;
}

/** One number that a page is about. */
export const Figure = ({ name, value, note }: FigureProps) => (
  <Card size="small" className="figure">
    <dl>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </dl>
    {note !== undefined && <p>{note}</p>}
  </Card>
);
