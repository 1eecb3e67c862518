import type { PropsWithChildren, ReactNode } from "react";

interface PanelProps {
  readonly title?: string;
  /** Beside the title. */
  readonly extra?: ReactNode;
  readonly className?: string;
  readonly testId?: string;
}

/** A surface with a title. Ant Design's Card brings tabs and menus that no page here has: 25 kB of a first visit. */
export function Panel({
  title,
  extra,
  className,
  testId,
  children,
}: PropsWithChildren<PanelProps>) {
  return (
    <section className={className ? `panel ${className}` : "panel"} data-testid={testId}>
      {(title !== undefined || extra !== undefined) && (
        <header>
          <h2>{title}</h2>
          {extra}
        </header>
      )}
      <div className="panel-body">{children}</div>
    </section>
  );
}
