import type { PropsWithChildren, ReactNode } from "react";
import { useTranslation } from "react-i18next";

interface PageFrameProps {
  readonly title: string;
  /** A sentence on what the page is for. */
  readonly lead?: ReactNode;
  /** What can be done on the whole page, beside its title. */
  readonly actions?: ReactNode;
}

/** A page's title, for the eye and for the tab, and what stands below it. */
export function PageFrame({ title, lead, actions, children }: PropsWithChildren<PageFrameProps>) {
  const { t } = useTranslation();
  return (
    <div className="content">
      <title>{`${title} · ${t("app.name")}`}</title>
      <div className="page-head">
        <h1 className="page-title">{title}</h1>
        {actions && <div className="page-actions">{actions}</div>}
      </div>
      {lead && <p className="lead">{lead}</p>}
      {children}
    </div>
  );
}
