import type { ReactNode } from "react";
import { Panel } from "./panel.tsx";

interface FigureProps {
  readonly name: string;
  readonly value: ReactNode;
  /** What stands small below it. */
  readonly note?: ReactNode;
}

/** One number that a page is about. */
export const Figure = ({ name, value, note }: FigureProps) => (
  <Panel className="figure">
    <dl>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </dl>
    {note !== undefined && <p>{note}</p>}
  </Panel>
);
