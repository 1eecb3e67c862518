import type { AbstractNode, IconDefinition } from "@ant-design/icons-svg/es/types";
import { createElement, type ReactNode } from "react";

/** A picture beside a word. Ant Design's own parts for its pictures work out colours and write styles first: on the page that is there before any other, the picture alone does. */
export function Icon({ of: { icon } }: { readonly of: IconDefinition }) {
  return (
    <span className="icon" aria-hidden>
      {typeof icon !== "function" && drawn(icon)}
    </span>
  );
}

const drawn = ({ tag, attrs, children = [] }: AbstractNode): ReactNode =>
  createElement(tag, attrs, ...children.map(drawn));
